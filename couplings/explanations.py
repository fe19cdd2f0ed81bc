"""Why a record is, or is not, in step: the sentences of ``couplings explain``."""

from django.utils.translation import gettext_lazy as _

RECORD = {
    "coupled": _("%(left_key)s in %(left)s and %(right_key)s in %(right)s are coupled."),
    "last_synced": _("On %(until)s they were last synchronized."),
    "never_synced": _("They have not been synchronized yet."),
    "not_coupled": _("The record %(key)s in %(side)s is not coupled."),
    "no_such_record": _("There is no record %(key)s in %(side)s, and none with this key is coupled."),
    "gone": _("The record %(key)s does not exist in %(side)s any more."),
    "outside_filter": _("The record %(key)s lies outside the mapping's filter of %(side)s: %(filter)s."),
    "equal": _("Both records agree in all mapped fields."),
    "differing": _("Both records differ in: %(fields)s."),
    "changed_since": _("Changed in %(side)s since they were last in step: %(fields)s."),
    "uncoupled_by": _(
        "%(by)s removed its coupling on %(until)s, so nothing couples or creates it again. To couple it, use Set Up "
        "Coupling."
    ),
    "uncoupled": _(
        "Its coupling was removed on %(until)s, so nothing couples or creates it again. To couple it, use Set Up "
        "Coupling."
    ),
    "has_error": _("It has an open error: %(message)s"),
    "error_next_attempt": _("On %(until)s it is tried again."),
}

MATCH = {
    "match_found": _("Its partner in %(side)s is %(partner)s, found by match priority %(priority)s: %(fields)s."),
    "no_criteria": _("The mapping has no match field, so no partner is looked for in %(side)s."),
    "no_partner": _("No free record in %(side)s has the same values in the match fields."),
}

MAPPING = {
    "mapping_off": _("The mapping is disabled, so nothing happens until it is enabled in the configuration."),
    "mapping_rests": _("The mapping is paused, so nothing happens until somebody resumes it."),
    "mapping_error": _("The mapping itself has an error: %(message)s"),
    "circuit": _("%(connection)s does not answer; until %(until)s it is left alone."),
    "circuit_probe": _("%(connection)s did not answer; a job is trying it."),
    "scheduled": _("On %(until)s comes the next run."),
    "not_scheduled": _("The mapping has no schedule; it runs when somebody asks for it."),
    "cannot_look": _("What the next run would do cannot be told now: %(message)s"),
}

NEXT = {
    "next_nothing": _("It is in step; the next run changes nothing."),
    "next_refresh": _("Nothing is to be written; the next run only remembers that both agree."),
    "next_couple": _("The next run couples both records as they are."),
    "next_couple_writing": _("The next run couples both records and writes in %(side)s: %(fields)s."),
    "next_update": _("The next run writes in %(side)s: %(fields)s."),
    "next_create": _("The next run creates it in %(side)s and couples both."),
    "next_restore": _("The next run creates it again in %(side)s."),
    "next_delete": _("The next run deletes it in %(side)s, too, unless a guard holds that."),
    "next_uncouple": _("The next run removes the coupling; no record is changed."),
    "next_skip": _("The next run leaves it out until somebody acts on its error."),
    "next_retry": _("The next run leaves it out until its next attempt."),
    "next_waits": _("The next run lets it wait for another record: %(message)s"),
    "next_holds": _("The next run holds it until somebody approves: %(message)s"),
    "next_fails": _("The next run reports an error: %(message)s"),
    "next_excludes": _("The next run leaves it alone, because it lies outside the filter."),
    "next_only_coupled": _("The next run leaves it alone, because only coupled records are synchronized."),
    "next_direction": _("The next run leaves it alone, because nothing travels to %(side)s."),
}

# The state of a record in one sentence, for the head of its page.
STATE = {
    "in_step": _("In step since %(until)s."),
    "new": _("Coupled, and not synchronized yet."),
    "moved": _("Changed since it was last in step, and not synchronized yet: %(fields)s."),
    "unread": _("Last synchronized on %(until)s; whether it is in step now cannot be told."),
    "gone_since": _("The record %(key)s is gone in %(side)s; the next run sees to it."),
    "left_out": _("Left out since %(until)s, because: %(message)s"),
    "waits": _("Waiting for another record since %(until)s: %(message)s"),
    "retries": _("Tried again by itself, after it failed first on %(until)s: %(message)s"),
    "is_ignored": _("Ignored until %(until)s: %(message)s"),
    "is_held": _("Held back since %(until)s until somebody approves: %(message)s"),
    "alone": _("Not coupled. %(message)s"),
}

EXPLANATIONS = {f"why_{code}": text for code, text in (RECORD | MATCH | MAPPING | NEXT | STATE).items()}
