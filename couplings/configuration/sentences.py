"""What is wrong with a configuration, in the reader's language. Each sentence tells what to write instead."""

from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from couplings.configuration.problems import Problem

FILE = {
    "file_empty": _("The file says nothing: it needs “connections”, “mappings” or both."),
    "file_not_a_mapping": _("The file must start with “connections:” or “mappings:”."),
    "file_not_utf8": _("This line is not UTF-8 text. Save the file as UTF-8."),
    "file_too_large": _("The file is larger than %(megabytes)s MB."),
    "not_yaml": _("This is not YAML: %(detail)s."),
    "tab_indents": _("YAML is indented with spaces. Replace the tab by spaces."),
    "too_deep": _("The file is nested more than %(depth)s levels deep, or an anchor contains itself."),
    "too_many_nodes": _("With its aliases expanded, the file has more than %(limit)s values."),
    "character_refused": _("The character %(character)s cannot be used here. Remove it."),
    "tag_refused": _("The tag “%(tag)s” is not accepted. Write plain text, numbers, lists and mappings."),
    "number_not_finite": _("Infinity and “not a number” cannot be used. Write a number."),
    "merge_not_a_mapping": _("“<<” takes the alias of a mapping, or a list of such aliases."),
    "key_twice": _("The key “%(key)s” is already used in line %(first)s. Remove one of the two."),
    "key_not_text": _("A key must be a plain text."),
}

SHAPE = {
    "not_a_mapping": _("A mapping (“key: value” lines) is needed here."),
    "key_unknown": _("There is no setting “%(key)s” here. Known are: %(known)s."),
    "key_not_available": _("“%(key)s” is not available in this version. Remove it."),
    "key_missing": _("The setting “%(key)s” is missing."),
    "not_text": _("“%(key)s” must be a text, but this is a %(kind)s. Put it in quotes if it is meant as a text."),
    "text_empty": _("“%(key)s” must not be empty."),
    "text_too_long": _("“%(key)s” is longer than %(limit)s characters."),
    "list_empty": _("“%(key)s” is an empty list. Name at least one, or leave it out."),
    "listed_twice": _("“%(key)s” lists “%(value)s” twice."),
    "not_true_or_false": _("“%(key)s” must be true or false, not “%(value)s”."),
    "not_a_choice": _("“%(key)s” cannot be “%(value)s”. Possible are: %(known)s."),
    "not_a_whole_number": _("“%(key)s” must be a whole number from %(least)s, not “%(value)s”."),
    "not_a_share": _(
        "“%(key)s” must be a number between 0 and 1, such as 0.5 for half of the records, not “%(value)s”."
    ),
    "not_a_duration": _("“%(key)s” must be a time such as 90s, 30m, 2h or 1h30m, not “%(value)s”."),
    "name_refused": _(
        "“%(name)s” cannot be a name. Use at most 100 letters, digits, spaces and the characters _ - . & + ( ) ', "
        "with a letter or digit first."
    ),
    "name_twice": _("The name “%(name)s” is already used in line %(first)s. Names may not differ only in case."),
    "connection_case": _(
        "There is already a connection “%(other)s”. Names may not differ only in case; write “%(other)s”."
    ),
}

CONNECTIONS = {
    "kind_unknown": _("There is no kind of connection “%(kind)s”. Possible are: %(known)s."),
    "kind_not_available": _(
        "Connections of the kind “%(kind)s” are not available in this version. Possible are: %(known)s."
    ),
    "url_invalid": _("This is not a URL. Write one such as postgresql://user:${PASSWORD}@host:5432/database."),
    "url_at_not_encoded": _("A user or password in a URL may not hold “@”. Write %%40 instead, or use “auth”."),
    "credentials_twice": _("The %(key)s stands in the URL and in “auth”. Remove one of the two."),
    "reference_malformed": _(
        "“${” must be followed by the name of a variable and “}”. Write “$${” for the characters themselves."
    ),
}

SECRETS = {
    "variable_reserved": _(
        "The environment variable %(variable)s belongs to Syncstatus itself and is sent to no system. Use another one."
    ),
    "variable_unset": _(
        "The environment variable %(variable)s, which the connection “%(connection)s” needs, is not set."
    ),
    "secret_not_stored": _(
        "No secret of the connection “%(connection)s” is stored that ******** could stand for. Write the secret itself "
        "or a reference such as ${PASSWORD}."
    ),
    "encryption_key_missing": _(
        "A literal secret cannot be kept, because ENCRYPTION_KEY is not set. Set it, or use a reference such as "
        "${PASSWORD}."
    ),
    "encryption_key_invalid": _(
        "ENCRYPTION_KEY is not a valid key: it must be 32 bytes in URL-safe base64, several keys separated by commas."
    ),
    "secret_unreadable": _(
        "The stored secret of the connection “%(connection)s” cannot be decrypted, because ENCRYPTION_KEY has changed. "
        "Put the old key behind the new one, or apply a configuration with the secret itself."
    ),
}

FILTERS = {
    "filter_not_a_mapping": _("A filter is a mapping of field to value, such as {country: DK}."),
    "filter_empty": _("This condition is empty. Write a value, a list of values or {operator: value}."),
    "filter_list_needed": _("A list with at least one value is needed here."),
    "filter_value": _("A text, a number, true or false is needed here, not a %(kind)s."),
    "operator_unknown": _("There is no operator “%(operator)s”. Possible are: %(known)s."),
    "operand_not_text": _("“%(operator)s” needs a text, not “%(value)s”."),
    "operand_not_ordered": _("“%(operator)s” cannot be used with “%(value)s”."),
    "filter_field_unknown": _("The table “%(table)s” in %(connection)s has no field “%(field)s” to filter by."),
    "filter_value_type": _("“%(value)s” is not a value that the field “%(field)s” (%(type)s) can be compared with."),
    "filter_operator_type": _("“%(operator)s” works on texts only, and the field “%(field)s” holds a %(type)s."),
}

MAPPINGS = {
    "fields_empty": _("“fields” needs at least one line such as “name: name”."),
    "fields_all_disabled": _(
        "None of the fields is enabled. Enable one, or put the mapping to rest by “enabled: false”."
    ),
    "case_without_match": _("“%(key)s” says how match fields are compared. Add “match”, or remove it."),
    "connection_unknown": _("There is no connection “%(name)s”."),
    "if_missing_without_lookup": _("“if_missing” says what a lookup does. Add “lookup”, or remove it."),
    "lookup_unknown": _(
        "There is no mapping “%(name)s” that %(field)s could look up. Name the mapping of the records it refers to."
    ),
    "lookup_connections": _(
        "%(field)s cannot look up %(name)s: its %(side)s side is %(other)s, and here it is %(connection)s. Both "
        "mappings need the same connections on the same sides."
    ),
    "lookup_composite": _(
        "%(field)s cannot look up %(name)s: the key of the table %(table)s has several fields, and a lookup holds one."
    ),
    "lookup_not_with": _(
        "%(field)s is a lookup, whose keys are translated by couplings. Remove “%(key)s”, or “lookup”."
    ),
    "lookup_cycle": _(
        "These mappings cannot be without each other, so that no record could be the first: %(cycle)s. Remove "
        "“required” from one of the lookups."
    ),
    "lookup_cycle_in_system": _(
        "These mappings refer to each other in %(connection)s by fields that may not be empty there, so that no record "
        "could be created first: %(cycle)s. Let one of these columns be empty, or synchronize only coupled records."
    ),
    "lookup_key_type": _(
        "%(field)s (%(type)s) cannot hold keys of the mapping %(name)s in %(connection)s: they are %(key_type)s."
    ),
    "link_not_web": _(
        "A link is an address that begins with https:// or http://, such as https://erp.example/customer/{id}. Parts "
        "of the key stand in braces, behind the name of the host."
    ),
    "link_without_key": _("This link opens the same page for every record. Put a part of the key in braces: {id}."),
    "parent_unknown": _("There is no mapping “%(name)s” to depend on."),
    "depends_on_cycle": _(
        "The mappings depend on each other in a circle: %(cycle)s. Remove one of them from “depends_on”."
    ),
    "field_against_mapping": _("“%(field)s” would never travel, because the mapping’s direction is %(direction)s."),
    "nothing_travels": _(
        "No field travels to %(connection)s, although the mapping’s direction says that data do. Change the "
        "direction of the mapping or of a field."
    ),
    "newest_needs_modified_on": _(
        "“newest” needs “modified_on” on both sides, or nobody knows which change is the newest."
    ),
    "field_written_twice": _(
        "“%(field)s” is already written by the field “%(first)s”. Remove one of the two, or let one travel the "
        "other way."
    ),
    "same_table": _("Both sides are the very same table %(table)s. A record cannot be coupled to itself."),
    "target_shared": _(
        "“%(field)s” in %(connection)s is already written by the mapping %(other)s. Each would undo what the other "
        "did. Remove one of them, let it travel the other way, or give both mappings filters that keep their "
        "records apart."
    ),
}

TRANSFORMS = {
    "transform_unknown": _("There is no transformation “%(transform)s”. Possible are: %(known)s."),
    "transform_not_a_step": _("A transformation is a name such as “trim”, or a name with options: {pad: {length: 5}}."),
    "transform_without_options": _("“%(transform)s” takes no options. Write “- %(transform)s”."),
    "transform_option_unknown": _("“%(transform)s” has no option “%(option)s”. Possible are: %(known)s."),
    "transform_option_missing": _("“%(transform)s” needs the option “%(option)s”."),
    "transform_option_long": _("The option “%(option)s” of “%(transform)s” is longer than %(limit)s characters."),
    "transform_option_value": _("The option “%(option)s” of “%(transform)s” must be: %(wanted)s."),
    "transform_option_empty": _("“%(option)s” must not be empty or 0."),
    "transform_one_character": _("“%(option)s” must be one single character."),
    "transform_pattern": _(
        "“%(pattern)s” is not a pattern that can be searched for: %(detail)s. Patterns follow the syntax of RE2, which "
        "has no look-around and no back references."
    ),
    "transform_locale": _("There is no locale “%(locale)s”. Write one such as “da” or “fr_CH”."),
    "transform_zone": _("There is no time zone “%(zone)s”. Write one such as “Europe/Copenhagen”."),
    "transform_date_pattern": _(
        "“%(pattern)s” cannot be used. A date is written by y, M and d, a time of day by H, m and s, each once, as in "
        "“dd.MM.yyyy HH:mm”."
    ),
    "transform_region": _("There is no region “%(region)s”. Write its code in two letters, such as “DK”."),
    "transform_expression": _(
        "This expression cannot be used: %(detail)s. It may hold fields, “value”, numbers, "
        "texts in quotes, + - * / // %%, comparisons, and, or, not, if-else and functions."
    ),
    "transform_function": _("There is no function “%(function)s” in expressions. Possible are: %(known)s."),
    "transforms_too_many": _("A field can have at most %(limit)s transformations."),
    "transform_way_unused": _(
        "“%(way)s” is for values that travel that way, and the direction is %(direction)s. Remove it."
    ),
    "transform_not_reversible": _(
        "“%(transform)s” cannot be undone, and “%(field)s” travels both ways. Give the field a direction, or say under "
        "“%(way)s” what happens on the way back."
    ),
    "transform_reads_record": _(
        "“%(transform)s” makes a value of several fields, which cannot be taken apart again. Give “%(field)s” a "
        "direction."
    ),
    "match_of_record": _(
        "“%(field)s” is made of several fields by “%(transform)s”, and records cannot be searched for by it. Remove "
        "“match”."
    ),
}

VALUES = {
    "values_empty": _("“values” needs at least one line such as “DK: Denmark”."),
    "values_too_many": _(
        "A value map can have at most %(limit)s entries, and this one has %(count)s. Keep the values in a table of "
        "their own instead, and map that one."
    ),
    "values_not_reversible": _(
        "“%(field)s” travels to the left as well, and several values stand for one there: %(entries)s. Give each a "
        "value of its own, or give the field the direction left_to_right."
    ),
    "value_unfit": _("“%(value)s” is not a value that “%(field)s” (%(type)s) in %(connection)s can hold."),
    "field_not_settable": _("“%(field)s” in %(connection)s cannot be written. Remove it."),
    "defaults_count": _("Name at least one and at most %(limit)s defaults."),
    "defaults_against_mapping": _(
        "No records are created on this side, because the mapping’s direction is %(direction)s. Remove the defaults."
    ),
    "default_of_mapped_field": _(
        "“%(field)s” is mapped, and a default never stands above a mapped value. Remove it, or give the field "
        "“clear: false” so that empty values are not sent."
    ),
    "condition_field_unknown": _(
        "The table “%(table)s” in %(connection)s has no field “%(field)s”. Conditions ask for the fields of the record "
        "that the new one is made of."
    ),
}

SYSTEMS = {
    "table_missing": _("There is no table “%(table)s” in %(connection)s."),
    "access_denied": _("The user of %(connection)s may not read the table “%(table)s”."),
    "table_unusable": _("The table “%(table)s” in %(connection)s cannot be used: %(detail)s."),
    "field_missing": _("The table “%(table)s” in %(connection)s has no field “%(field)s”."),
    "field_type_unsupported": _(
        "The field “%(field)s” in %(connection)s is of the type %(type)s, which cannot be mapped."
    ),
    "kinds_differ": _(
        "“%(left)s” (%(left_type)s) and “%(right)s” (%(right_type)s) have no common form. Map fields of like types."
    ),
    "field_read_only": _(
        "“%(field)s” in %(connection)s cannot be written. Give the field mapping the direction %(direction)s."
    ),
    "transform_needs_text": _("“%(transform)s” works on texts only, and neither “%(left)s” nor “%(right)s” holds one."),
    "match_type": _("“%(field)s” in %(connection)s holds a %(type)s, by which records cannot be matched."),
    "no_primary_key": _(
        "The table “%(table)s” in %(connection)s has no primary key. Name the fields that identify a record in “key”."
    ),
    "key_field_missing": _("The table “%(table)s” in %(connection)s has no field “%(field)s” for the key."),
    "key_type_unsupported": _(
        "The key field “%(field)s” in %(connection)s is of the type %(type)s, which cannot be a key."
    ),
    "key_not_unique": _(
        "Nothing in %(connection)s keeps “%(field)s” unique in the table “%(table)s”, so it cannot be a key. Add a "
        "unique constraint there, or name other fields."
    ),
    "modified_on_missing": _(
        "The table “%(table)s” in %(connection)s has no field “%(field)s” that says when a record was modified."
    ),
    "modified_on_type": _(
        "“%(field)s” in %(connection)s is of the type %(type)s. “modified_on” needs a date, better one with a time."
    ),
    "version_missing": _("The table “%(table)s” in %(connection)s has no field “%(field)s” for the version."),
    "version_type": _(
        "“%(field)s” in %(connection)s is of the type %(type)s, which cannot be a version. Use a number, text, "
        "date with a time or UUID."
    ),
    "link_field_unknown": _(
        "“%(field)s” is no part of the key of the table “%(table)s” in %(connection)s. A link may name: %(known)s."
    ),
    "link_needs_key": _(
        "The key of the table “%(table)s” in %(connection)s has several fields. Name them in “key”, so that the link "
        "knows their order."
    ),
    "required_field_unfilled": _(
        "%(connection)s needs a value for “%(field)s” in every new record of “%(table)s”, and no field mapping "
        "fills it. Map it, or set “only_coupled: true” so that no records are created."
    ),
    "driver_unsupported": _("%(connection)s is a database of the kind “%(driver)s”. Possible are: %(drivers)s."),
    "url_unusable": _(
        "The URL of %(connection)s cannot be used%(parameter)s. Write one such as "
        "postgresql://user:${PASSWORD}@host:5432/database."
    ),
}

SENTENCES = FILE | SHAPE | CONNECTIONS | SECRETS | FILTERS | MAPPINGS | TRANSFORMS | VALUES | SYSTEMS


def render(problem: Problem) -> str:
    """The sentence of a problem in the active language, without its place."""
    text = str(SENTENCES[problem.code]) % problem.params
    if near := problem.params.get("near"):
        text = now("%(sentence)s Did you mean “%(near)s”?") % {"sentence": text, "near": near}
    return text


def located(problem: Problem, file: str) -> str:
    """``customers.yaml:12: mappings.CUSTOMER.left.table: There is no table …``."""
    place = f"{file}:{problem.line}" if problem.line else file
    return ": ".join(part for part in (place, ".".join(problem.path), render(problem)) if part)
