"""The sentences of all message codes, and the next step for each kind of error.

They say what happened and to which record, with the systems called by their connections' names. Where users of such
integrations already know a sentence, it is that one. A parameter that is missing leaves its place empty, so a sentence
reads well without ``record`` or ``mapping``. A code whose ``reason`` makes a difference has one for each: code:reason.
"""

from django.utils.translation import gettext_lazy as _

from couplings.explanations import EXPLANATIONS

DECISIONS = {
    "conflict": _(
        "Cannot update a record in the %(mapping)s table. The mapping of %(fields)s is bidirectional, and both values "
        "have "
        "changed since the last synchronization."
    ),
    "newest_unknown": _(
        "Both systems changed %(fields)s of the %(record)s record, and it is not known which change is the newer one."
    ),
    "first_contact": _(
        "The %(record)s record was found in both systems, but they do not agree on %(fields)s. It is not coupled yet."
    ),
    "record_deleted": _(
        "The %(record)s record cannot be updated because it is coupled to a deleted record. It was deleted in "
        "%(deleted_side)s."
    ),
    "deleted_and_changed": _(
        "The %(record)s record was deleted in %(deleted_side)s, and changed in %(changed_side)s since the last "
        "synchronization."
    ),
    "cannot_restore_here": _(
        "The %(record)s record cannot be created again in %(side)s, because its mapping does not write there."
    ),
    "cannot_delete_here": _(
        "The %(record)s record cannot be deleted in %(side)s, because its mapping does not write there."
    ),
    "restore_not_needed": _("The %(record)s record exists in both systems, so there is nothing to restore."),
    "delete_not_possible": _("The %(record)s record exists in both systems, so no deletion can be carried over."),
    "record_missing": _(
        "The %(record)s record cannot be synchronized because it is deleted in %(missing_side)s. Restore or delete it."
    ),
    "not_coupled": _("The %(record)s record is not coupled."),
    "direction_forbids": _("The mapping %(mapping)s does not write in %(side)s."),
}

VALUES = {
    "required_empty": _("%(fields)s is empty, but %(side)s requires a value."),
    "text_too_long": _("%(fields)s has %(length)s characters, but %(side)s takes at most %(limit)s."),
    "binary_too_long": _("%(fields)s has %(length)s bytes, but %(side)s takes at most %(limit)s."),
    "nul_in_text": _("%(fields)s contains a NUL character, which %(side)s cannot store."),
    "text_not_unicode": _("%(fields)s contains characters that are not valid text."),
    "not_a_number": _("“%(value)s” in %(fields)s is not a number."),
    "not_an_integer": _("“%(value)s” in %(fields)s is not a whole number."),
    "out_of_range": _("“%(value)s” in %(fields)s is out of the range that %(side)s can store."),
    "not_a_boolean": _("“%(value)s” in %(fields)s is neither yes nor no."),
    "not_a_date": _("“%(value)s” in %(fields)s is not a date."),
    "not_a_time": _("“%(value)s” in %(fields)s is not a time."),
    "not_a_datetime": _("“%(value)s” in %(fields)s is not a date with a time."),
    "not_a_uuid": _("“%(value)s” in %(fields)s is not a UUID."),
    "not_json": _("“%(value)s” in %(fields)s is not valid JSON."),
    "unreadable_number": _("“%(text)s” in %(fields)s of %(side)s is not a number that other systems can store."),
    "unreadable_date": _("“%(text)s” in %(fields)s of %(side)s is not a date that other systems can store."),
    "unreadable_time": _("“%(text)s” in %(fields)s of %(side)s is not a time that other systems can store."),
    "unreadable_text": _("The text in %(fields)s of %(side)s is broken: “%(text)s”."),
    "unreadable_json": _("%(fields)s of %(side)s holds no valid JSON."),
    "unreadable_boolean": _("“%(text)s” in %(fields)s of %(side)s is neither yes nor no."),
    "transform_failed": _("The transformation “%(transform)s” can do nothing with “%(value)s” in %(fields)s."),
    "value_not_mapped": _("“%(value)s” is not in the value map of %(fields)s."),
    "required_by_mapping": _("%(fields)s is empty, but the mapping wants a value for %(side)s."),
    "no_way_back": _("The values of %(fields)s do not travel to %(side)s."),
}

PARENTS = {
    "parent_missing": _(
        "The %(record)s record waits: %(fields)s refers to the record %(parent)s of %(parent_side)s, which the mapping "
        "%(parents)s has not coupled."
    ),
    "children_wait": _("The %(record)s record must be coupled: %(children)s other records wait for it."),
    "children_wait:excluded": _(
        "The record %(key)s of %(side)s lies outside the filter of its mapping, and %(children)s other records wait "
        "for it."
    ),
    "children_wait:absent": _(
        "There is no record %(key)s in %(side)s, but %(children)s other records refer to it and wait for it."
    ),
    "children_wait:uncoupled": _(
        "The mapping %(mapping)s does not create the record %(key)s of %(side)s in the other system, and %(children)s "
        "other records wait for it."
    ),
}

WRITES = {
    "duplicate_value": _(
        "%(side)s refused the %(record)s record: another record there has the same value in %(fields)s %(constraint)s."
    ),
    "value_too_long": _("%(side)s refused the %(record)s record: %(fields)s is too long."),
    "value_required": _("%(side)s refused the %(record)s record: %(fields)s requires a value."),
    "value_out_of_range": _("%(side)s refused the %(record)s record: the value of %(fields)s is out of range."),
    "value_not_storable": _(
        "%(side)s refused the %(record)s record: it cannot store a character or value of %(fields)s."
    ),
    "reference_missing": _(
        "%(side)s refused the %(record)s record: %(fields)s refers to a record that does not exist there."
    ),
    "referenced": _("%(side)s keeps the %(record)s record, because other records there refer to it."),
    "constraint_refused": _("%(side)s refused the %(record)s record: it breaks the rule %(constraint)s."),
    "field_read_only": _("%(side)s refused the %(record)s record: it computes %(fields)s itself."),
    "refused": _("%(side)s refused the %(record)s record."),
    "key_exists": _("%(side)s already has a record with the key %(key)s."),
    "key_not_storable": _(
        "The key %(key)s of a record in %(side)s cannot be remembered: it is too long or contains characters that are "
        "not valid text."
    ),
    "record_changed": _("The %(record)s record was changed in %(side)s at the same moment. It is decided again."),
    "record_gone": _("The %(record)s record was deleted in %(side)s at the same moment. It is decided again."),
    "permission_denied": _("%(side)s does not let its user write the %(record)s record."),
    "denied": _("%(side)s does not let its user write the %(record)s record."),
    "locked": _("Somebody else is working on the %(record)s record in %(side)s. It is tried again."),
    "try_again": _("%(side)s could not take the %(record)s record just now. Nothing was written; it is tried again."),
    "answer_lost": _(
        "The answer of %(side)s was lost, so nobody knows whether the %(record)s record was written. The next run "
        "looks."
    ),
    "may_be_ours": _(
        "The %(record)s record in %(side)s may be the one of a create whose answer was lost. It is looked at again "
        "when that is known."
    ),
    "write_announced": _(
        "This was about to be written, and nobody heard whether it was. Open the %(record)s record to see what it "
        "holds now."
    ),
}

GUARDS = {
    "mass_deletion": _(
        "The %(record)s record would be deleted in %(side)s, but the run would have deleted %(planned)s of %(coupled)s "
        "coupled records there, more than the mapping allows. Nothing was deleted."
    ),
    "source_empty": _(
        "All %(coupled)s coupled records are missing at once, so the table may be unreachable rather than empty. "
        "Nothing was deleted."
    ),
    "scope_changed": _(
        "The %(record)s record is missing in the first run after the mapping %(mapping)s was changed. Nothing was "
        "deleted."
    ),
    "source_short": _(
        "The %(record)s record would be deleted in %(side)s, but the other table lists only %(listed)s records, and "
        "%(before)s when they were counted before. Nothing was deleted."
    ),
    "source_short:plan": _(
        "The other table lists only %(listed)s records, and %(before)s when they were counted before."
    ),
    "deletion_not_planned": _(
        "The %(record)s record would be deleted in %(side)s, which the applied plan did not tell. Nothing was deleted."
    ),
    "deletion_not_planned:plan": _("The plan of job %(plan)s, which was applied, did not tell that they are deleted."),
    "mass_deletion:plan": _(
        "A run would have deleted %(planned)s of %(coupled)s coupled records in %(side)s, but the mapping allows only "
        "%(limit)s."
    ),
    "source_empty:plan": _("All %(coupled)s coupled records were missing at once."),
    "scope_changed:plan": _("They were missing in the first run after the mapping %(mapping)s was changed."),
    "deletion_discarded": _(
        "The %(record)s record was deleted in %(deleted_side)s. That it be deleted in %(side)s, too, was held back and "
        "then discarded. %(by)s"
    ),
}

COUPLING = {
    "ambiguous": _(
        "The %(record)s record matches several records in %(side)s: %(candidates)s. None was coupled or created."
    ),
    "duplicate": _(
        "Cannot couple %(record)s to this %(candidates)s record, because the %(candidates)s record is already "
        "coupled to %(coupled_to)s."
    ),
    "already_coupled": _(
        "Cannot couple %(partner)s to this %(key)s record, because the %(key)s record is already coupled to %(other)s."
    ),
    "parent_not_coupled": _("The %(parent)s record must be coupled before the %(record)s record can be synchronized."),
    "nothing_to_restore": _("There is nothing to restore: neither record has been deleted, or both have."),
    "moved_meanwhile": _(
        "The %(record)s record was changed while this page was open. Nothing was written; these are the new values."
    ),
    "unknown_outcome": _(
        "The answer of %(side)s was lost, and what was found there is not certain to be the %(record)s record: "
        "%(candidates)s."
    ),
    "record_not_found": _("There is no record %(key)s in %(side)s."),
    "record_outside_filter": _("The record %(key)s lies outside the mapping's filter of %(side)s."),
    "coupled_meanwhile": _("Some of the records were coupled by somebody else meanwhile. Nothing was done; try again."),
    "record_not_coupled": _("The record %(key)s in %(side)s is not coupled."),
}

MATCHING = {
    "too_many_to_match": _(
        "%(count)s records of %(mapping)s have to be matched, too many while somebody waits. Let a job look for the "
        "matches on the page Match-Based Coupling, or use the command: manage.py couplings match %(mapping)s --preview"
    ),
    "no_match_fields": _("%(mapping)s has no match field. Add “match” to one or more of its fields."),
    "no_match": _("No free record in the other system has the same values in the match fields."),
    "candidate_of_unclear": _("It is a candidate of records that could not be decided."),
    "match_fields_never_filled": _(
        "No record of %(table)s in %(connection)s has a value in the match fields (%(names)s), so nothing can match, "
        "and every record would be created a second time. Fill them, or give “match” to other fields."
    ),
    "match_fields_empty": _("Its match fields are empty or cannot be read."),
    "coupled_already": _("It is coupled already."),
    "search_value": _("“%(value)s” is nothing that could be looked for in the field “%(field)s”."),
    "uncoupled_by_hand": _("Somebody has removed its coupling, so that only a person couples it again."),
}

FILES = {
    "file_unusable": _("The file %(file)s cannot be used."),
    "file_empty_csv": _("The file is empty. Its first line has to name the columns: left_key,right_key."),
    "file_header": _("The first line names other columns (%(found)s). Name at least these: %(wanted)s."),
    "file_not_utf8": _("Line %(line)s is not encoded in UTF-8. Save the file as “CSV UTF-8”; nothing was done."),
    "file_not_csv": _("Line %(line)s cannot be read as CSV; nothing was done."),
    "cells_missing": _("The line has too few columns."),
    "couple_unclear": _("The column “couple” says neither yes nor no."),
    "key_empty": _("The key of %(side)s is empty."),
    "key_malformed": _("The key %(key)s of %(side)s has to be a JSON list with one value each for: %(fields)s."),
    "key_doubled": _("The record %(key)s of %(side)s stands in line %(first)s already."),
}

PLANS = {
    "plan_applied": _("The plan was applied by job %(job)s. %(by)s"),
    "plan_discarded": _("The plan was discarded. %(by)s"),
    "plan_unfinished": _("The preview %(plan)s has not ended yet. Wait until it is planned."),
    "resume_first": _("The mapping %(mapping)s is paused. Resume it first; nothing was started."),
    "not_a_plan": _("Job %(plan)s has no plan that could be applied."),
}

REFUSALS = {
    "error_closed": _("This error is closed already. Nothing was written."),
    "choice_missing": _("Choose a side for each of these fields: %(fields)s. Nothing was written."),
    "not_open": _("They are closed already."),
    "one_side_deleted": _("One of the records is deleted. Restore it, delete the other one, or remove the coupling."),
    "not_a_record": _("They are about a whole connection or mapping, not about one record."),
    "held_is_approved": _("Their deletion is held. Approve or discard it under Held deletions."),
    "no_data_there": _("The record does not exist in that system, so its data cannot be used."),
    "not_written_there": _("Their mapping does not write in that system."),
    "not_coupled_now": _("They are not coupled."),
    "needs_nobody": _("They are retried or woken by themselves, or held for approval; only skipped ones are ignored."),
    "not_ignored": _("They are not ignored."),
    "ignored_until_past": _("Choose a day that is still to come; nothing was ignored."),
    "comment_missing": _("Write what you want to say; nothing was added."),
    "comment_too_long": _("A comment has %(limit)s characters at most; nothing was added."),
    "person_unknown": _("There is nobody of that name; nothing was assigned."),
    "nothing_deleted": _("Neither record is deleted, so there is nothing to restore or delete."),
    "already_requested": _("Somebody has asked for them already."),
    "nothing_unanswered": _("No answer to a create is missing there, so nothing is created again."),
    "not_a_candidate": _(
        "The record %(key)s is none of those that were found. Set Up Coupling couples any two records."
    ),
    "record_in_work": _("A job is at work on it in this moment. Try again in a minute."),
    "job_ended": _("Job %(job)s had already ended."),
    "job_on_hold": _("Job %(job)s is on hold already."),
    "job_not_on_hold": _("Job %(job)s is not on hold."),
    "job_being_cancelled": _("Job %(job)s is being cancelled already."),
    "mapping_changed_meanwhile": _(
        "Somebody has saved the mapping %(mapping)s while you looked at the changes. Nothing was saved: look at what "
        "your draft would change now."
    ),
    "mapping_exists": _("There is a mapping %(mapping)s already. Choose another name."),
    "mapping_deleted": _("The mapping %(mapping)s was deleted, and its jobs with it. What they had done stays."),
    "mapping_needed": _(
        "%(mapping)s is looked up or needed by %(mappings)s. Delete these mappings first or with it, or change them."
    ),
    "mapping_in_work": _(
        "A job of %(mapping)s is still in the middle of a page. It ends after that, and no other one begins: delete "
        "the mapping again in a moment."
    ),
    "mapping_disabled": _("The mapping %(mapping)s is disabled. An administrator can enable it."),
    "mapping_paused": _("The mapping %(mapping)s is paused. What was asked for is done when it resumes."),
}

UNDO = {
    "undo_nothing": _("Nothing was written for the %(record)s record, so there is nothing to undo."),
    "undo_changed_since": _(
        "The %(record)s record was changed in %(side)s since then: %(fields)s. That work stays; nothing was undone."
    ),
    "undo_touched_since": _(
        "The %(record)s record was changed in %(side)s since it was created. That work stays; nothing was undone."
    ),
    "undo_record_gone": _("The %(record)s record was deleted in %(side)s since then. Nothing was undone."),
    "undo_record_exists": _("A record with the key of the deleted one is in %(side)s again. Nothing was undone."),
    "undo_field_unmapped": _("%(fields)s is not mapped any more, so that what was written there cannot be undone."),
    "undo_value_unknown": _("The old value of %(fields)s in %(side)s is not known well enough to be written again."),
    "undo_unclear": _(
        "The job wrote the %(record)s record in both systems before it was created or deleted. That is not undone as "
        "one; correct the record by hand."
    ),
    "undo_not_last": _("The %(record)s record was synchronized again by job %(job)s. Undo that first."),
    "undo_done_already": _("This was undone already, by job %(job)s."),
    "undo_coupled_since": _("The %(record)s record was coupled with another one since then. Nothing was undone."),
    "undo_not_coupled": _("The %(record)s record is not coupled any more, so that nothing of it is undone."),
    "undo_under_way": _("This is being undone already. The list of jobs shows how far it is."),
    "undo_job_active": _("Job %(job)s has not ended yet. Cancel it, or wait until it ends; then undo it."),
    "undo_nothing_left": _("Nothing of job %(job)s can be undone, or everything was undone already."),
    "undone": _(
        "The synchronization of %(fields)s was undone, so both systems differ there. Nothing is written until somebody "
        "chooses."
    ),
    "undone:person": _(
        "%(by)s undid the synchronization of %(fields)s, so both systems differ there. Nothing is written until "
        "somebody chooses."
    ),
    "deletion_undone": _(
        "The deletion of the %(record)s record in %(side)s was undone, but it is still deleted in %(deleted_side)s."
    ),
    "deletion_undone:person": _(
        "%(by)s undid the deletion of the %(record)s record in %(side)s, but it is still deleted in %(deleted_side)s."
    ),
}

CONNECTIONS = {
    "connector_error": _("%(connection)s answered with an error."),
    "connection_failed": _("The connection to %(connection)s failed."),
    "unreachable": _("%(connection)s could not be reached. Synchronization resumes by itself when it answers again."),
    "unreachable:host_unknown": _(
        "%(connection)s could not be reached: nobody knows a host of this name. Check its spelling, or ask who runs it."
    ),
    "unreachable:port_closed": _(
        "%(connection)s could not be reached: the host is there, but nothing answers at this port. Check the port, and "
        "whether the system runs."
    ),
    "unreachable:no_answer": _(
        "%(connection)s could not be reached: no answer came in time. Check the host, and whether a firewall is in "
        "between."
    ),
    "unreachable:tls_failed": _(
        "%(connection)s could not be reached: both sides could not agree on encryption. Check the options for TLS, and "
        "the certificate of the system."
    ),
    "throttled": _("%(connection)s cannot take more requests for now. No record is to blame."),
    "asked_to_wait": _("%(connection)s has asked to be left alone until %(until)s; no record is to blame."),
    "connection_open": _("%(connection)s has asked to be left alone until %(until)s, so it is not asked before."),
    "limit_reached": _(
        "%(connection)s was sent all the requests that its limit allows for now. Try again in %(seconds)s seconds."
    ),
    "credentials_refused": _("%(connection)s refused the user name or the password."),
    "database_missing": _("%(connection)s answers, but the database it names does not exist there."),
    "access_denied": _("The user of %(connection)s may not read the table %(table)s."),
    "cursor_expired": _("%(connection)s no longer lists changes from that far back. All records are compared."),
    "transient": _("%(connection)s could not answer just now. It is tried again."),
    "settings_invalid": _("The settings of %(connection)s cannot be used."),
    "kind_unknown": _("%(connection)s has the kind “%(kind)s”, which is not known. Known are: %(kinds)s."),
    "driver_unsupported": _("%(connection)s names the driver “%(driver)s”, which is not supported: %(drivers)s are."),
    "url_invalid": _("The URL of %(connection)s cannot be used."),
    "url_invalid:url_missing": _("%(connection)s has no URL."),
    "url_invalid:url_unreadable": _("The URL of %(connection)s is not written as a URL."),
    "url_invalid:not_a_file": _("The URL of %(connection)s must name a file."),
    "url_invalid:not_a_number": _("%(parameter)s in the settings of %(connection)s must be a number."),
    "connection_in_use": _("%(connection)s is used by %(mappings)s. Delete these mappings first, or change them."),
    "no_secret_to_replace": _(
        "%(connection)s has no user name, so there is no password to replace. Change it instead."
    ),
    "variable_reserved": _(
        "The environment variable %(variable)s belongs to Syncstatus itself and is sent to no system. Use another one "
        "for %(connection)s."
    ),
    "variable_unset": _("The environment variable %(variable)s, which %(connection)s needs, is not set."),
    "secret_not_stored": _("No secret of %(connection)s is stored. Write it into the configuration and apply it."),
    "secret_unreadable": _("The stored secret of %(connection)s cannot be read, because ENCRYPTION_KEY has changed."),
    "encryption_key_missing": _("The secret of %(connection)s cannot be read, because ENCRYPTION_KEY is not set."),
    "encryption_key_invalid": _(
        "The secret of %(connection)s cannot be read, because ENCRYPTION_KEY is not a valid key."
    ),
}

SCHEMA = {
    "schema_mismatch": _("The mapping %(mapping)s does not fit the tables of %(connection)s."),
    "schema_changed": _(
        "A table was changed since the last run: %(changes)s. The mapping is paused, and nothing was written."
    ),
    "table_missing": _("There is no table %(table)s in %(connection)s."),
    "field_missing": _("The table %(table)s in %(connection)s has no field %(field)s."),
    "key_missing": _("The table %(table)s in %(connection)s has no usable key."),
    "key_missing:no_primary_key": _(
        "The table %(table)s in %(connection)s has no primary key, and the mapping names none."
    ),
    "key_missing:key_field_missing": _("The table %(table)s in %(connection)s has no field %(field)s for the key."),
    "key_missing:key_not_unique": _("The key %(field)s of the table %(table)s in %(connection)s is not unique."),
    "default_refused": _("A default of the mapping %(mapping)s does not fit into its field any more: “%(value)s”."),
    "kinds_differ": _(
        "“%(left)s” (%(left_type)s) and “%(right)s” (%(right_type)s) have no common form. Map fields of like types."
    ),
    "type_unsupported": _("The type %(type)s of the field %(field)s in %(connection)s cannot be mapped."),
    "filter_invalid": _("The filter of the mapping %(mapping)s does not fit %(connection)s."),
    "filter_field_unknown": _(
        "The filter of the mapping %(mapping)s names %(field)s, which %(connection)s does not have."
    ),
    "filter_operator_unknown": _("The filter of %(field)s uses “%(operator)s”, which is not one of: %(operators)s."),
    "filter_value_invalid": _("The filter of %(field)s compares with “%(value)s”, which does not fit its type."),
}

JOBS = {
    "lease_lost": _("The worker lost this job to another one, which carries it on."),
    "attempts_exhausted": _("The job was given up after %(attempts)s attempts, because its worker stopped every time."),
    "interrupted": _("The job was interrupted. It goes on from its last page when it is started again."),
    "internal_error": _("The job failed for a reason of ours. The administrator finds it in the log."),
    "waiting_for_connection": _(
        "The job waits until %(until)s for %(connection)s, then goes on with its next page by itself."
    ),
    "cancelled": _("The job was cancelled. What it had done by then stays."),
    "cancelled:person": _("%(by)s cancelled the job. What it had done by then stays."),
    "paused": _("The job is on hold. It goes on after its last page when it is resumed."),
    "paused:person": _("%(by)s put the job on hold. It goes on after its last page when it is resumed."),
    "resumed_instead": _("Job %(job)s was resumed and does what this one was to do."),
    "mapping_on_hold": _("The mapping is paused. The job goes on after its last page when the mapping resumes."),
    "mapping_changed": _("The mapping was changed while the job ran. It begins again with the new rules."),
}

SENTENCES = (
    DECISIONS
    | VALUES
    | PARENTS
    | WRITES
    | GUARDS
    | COUPLING
    | MATCHING
    | FILES
    | PLANS
    | REFUSALS
    | UNDO
    | CONNECTIONS
    | SCHEMA
    | JOBS
    | EXPLANATIONS
)

NEXT_STEPS = {
    "conflict": _("Compare both records and choose which data to use."),
    "deleted": _("Restore the record, delete the other one as well, or remove the coupling."),
    "deleted_and_changed": _(
        "Look at what was changed, then restore the record, delete the other one, or remove the coupling."
    ),
    "duplicate": _("Remove one of the two records, or couple the right ones, then retry."),
    "ambiguous": _("Adopt the right one of them, or make the records distinguishable, then retry."),
    "dependency": _("Nothing has to be done: it is synchronized as soon as the other record is coupled."),
    "validation": _("Correct the value in the system it comes from, then retry."),
    "permission": _("Ask an administrator to allow it in that system, then retry."),
    "unknown_outcome": _(
        "Adopt the record if it is one of those that were found. If you are sure that none was made, create it again."
    ),
    "schema": _("An administrator has to adapt the mapping or the table. The mapping rests until then."),
    "transient": _("Nothing has to be done: it is tried again by itself."),
    "connection": _("Nothing has to be done unless it lasts: it resumes by itself as soon as the system answers."),
    "held": _(
        "Approve the deletion with Delete Records, or discard it under Held deletions. Restore Records and Remove "
        "Coupling settle it, too."
    ),
}

NEXT_STEPS_BY_CODE = {
    "parent_missing": _(
        "Nothing has to be done here: it is synchronized as soon as the record it refers to is coupled. If that one "
        "has an error, look there; or refer to another record."
    ),
    "children_wait": _(
        "Couple it (Set Up Coupling), change it so that it comes into the filter, or let the waiting records refer to "
        "another one. Then they are synchronized by themselves."
    ),
    "schema_changed": _(
        "An administrator looks whether the mapping still fits the table, adapts one of them if need be, and accepts "
        "the change (Accept, or config refresh)."
    ),
    "throttled": _("Nothing has to be done: it is asked again by itself. If it lasts, set a “limit” for it."),
    "asked_to_wait": _(
        "Nothing has to be done: synchronization resumes by itself at that time. If it happens often, set a “limit” "
        "for the connection."
    ),
    "transform_failed": _("Correct the value in its system, or have an administrator change the transformation."),
    "value_not_mapped": _(
        "Correct the value in its system, or have an administrator add it to the value map: then all records with it "
        "are synchronized again by themselves."
    ),
    "required_by_mapping": _("Fill the field in its system, then retry."),
    "credentials_refused": _("An administrator has to correct the user name or the password of the connection."),
    "first_contact": _("Compare both records and choose which data to use; then they are coupled."),
}
