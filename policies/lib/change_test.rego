package tollgate.lib.change_test

import data.tollgate.lib.access
import data.tollgate.lib.change
import data.tollgate.lib.fixture

test_values_never_iterate_a_marker if {
	change.values(fixture.unknown) == [fixture.unknown]
	change.values(null) == []
	change.values("one") == ["one"]
	change.values(["a", "b"]) == ["a", "b"]
	change.values({"a", "b"}) == ["a", "b"]
}

test_show_hides_secrets_and_names_unknowns if {
	change.show("a") == "`a`"
	change.show(7) == "`7`"
	change.show({"$tollgate": "unknown"}) == "(known after apply)"
	change.show({"$tollgate": "sensitive"}) == "(sensitive)"
	change.show_some({"a", "b", "c"}) == "`a`, `b`, `c`"
	change.show_some({"a", "b", "c", "d", "e"}) == "`a`, `b`, `c` and 2 more"
}

test_words_stand_inside_a_phrase if {
	change.word("a") == "a"
	change.word(fixture.unknown) == "(known after apply)"
	change.word(7) == "7"
}

test_block_takes_a_list_or_an_object if {
	change.block([{"a": 1}]) == {"a": 1}
	change.block({"a": 1}) == {"a": 1}
	change.block(null) == {}
	change.block([]) == {}
}

test_findings_name_the_attribute if {
	found := change.severe("policy", "critical", "is open") with input as fixture.text({})
	found == {"msg": "`example.this`: `policy` is open", "path": "policy", "severity": "critical"}
}

test_values_lost_and_gained if {
	given := fixture.text({"facets": [fixture.facet("principal", "members", ["a", "b"], ["b", "c"])]})
	change.gained("principal") == {"c"} with input as given
	change.lost("principal") == {"a"} with input as given
	change.path_of("principal") == "members" with input as given
	change.path_of("role") == "" with input as given
}

test_pieces_are_shown_in_a_line if {
	piece := fixture.piece("p", ["a:B", "a:C", "a:D", "a:E"], ["read"], ["*"])
	access.show(piece) == "`p` can newly do `a:B`, `a:C`, `a:D` and 1 more on `*`"
	access.levels(piece) == {"read"}
}
