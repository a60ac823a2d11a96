package tollgate.lib.aws_test

import data.tollgate.lib.aws
import data.tollgate.lib.aws_sensitive
import data.tollgate.lib.aws_text
import data.tollgate.lib.fixture

test_patterns_cover_by_word_or_trailing_star if {
	aws.covers("*", "s3:get*")
	aws.covers("s3:*", "s3:getobject")
	not aws.covers("s3:get*", "s3:*")
	not aws.covers("s3:*object", "s3:getobject")
}

test_exceptions_overlap_when_in_doubt if {
	aws_text.overlaps_any({"s3:*"}, "s3:getobject")
	aws_text.overlaps_any({"s3:getobject"}, "s3:*")
	aws_text.overlaps_any({"*:getobject"}, "ec2:runinstances")
	not aws_text.overlaps_any({"s3:*"}, "ec2:runinstances")
}

statement(operator, key, value) := {"Condition": {operator: {key: value}}}

test_conditions_are_implied_by_stricter_ones if {
	aws_text.asks_no_more({}, statement("Bool", "aws:MultiFactorAuthPresent", "true"))
	aws_text.asks_no_more(statement("StringEquals", "aws:RequestedRegion", ["a", "b"]), statement("StringEquals", "aws:RequestedRegion", "a"))
	aws_text.asks_no_more(statement("StringNotEquals", "k", ["a"]), statement("StringNotEquals", "k", ["a", "b"]))
	not aws_text.asks_no_more(statement("StringEquals", "k", ["a"]), statement("StringEquals", "k", ["a", "b"]))
	not aws_text.asks_no_more(statement("StringNotEquals", "k", ["a", "b"]), statement("StringNotEquals", "k", ["a"]))
	not aws_text.asks_no_more(statement("StringEquals", "k", ["a"]), {})
}

test_networks_and_times_imply_wider_ones if {
	wide := statement("IpAddress", "aws:SourceIp", "10.0.0.0/24")
	aws_text.asks_no_more(wide, statement("IpAddress", "aws:SourceIp", ["10.0.0.0/25", "10.0.0.128/25"]))
	not aws_text.asks_no_more(wide, statement("IpAddress", "aws:SourceIp", ["10.0.0.0/16"]))
	not aws_text.asks_no_more(wide, {})
	until := statement("DateLessThan", "aws:CurrentTime", "2027-06-01T00:00:00Z")
	aws_text.asks_no_more(until, statement("DateLessThan", "aws:CurrentTime", "2027-01-01T00:00:00Z"))
	not aws_text.asks_no_more(until, statement("DateLessThan", "aws:CurrentTime", "2028-01-01T00:00:00Z"))
	not aws_text.asks_no_more(until, statement("DateLessThan", "aws:CurrentTime", 1893456000))
	since := statement("DateGreaterThan", "aws:CurrentTime", "2027-01-01T00:00:00Z")
	aws_text.asks_no_more(since, statement("DateGreaterThan", "aws:CurrentTime", "2027-06-01T00:00:00Z"))
}

test_principals_have_one_spelling if {
	aws_text.principals({"Principal": "*"}) == {"*"}
	aws_text.principals({"Principal": ["*"]}) == {"*"}
	aws_text.principals({"Principal": {"AWS": ["*", "111122223333"]}}) == {"*", "arn:aws:iam::111122223333:root"}
	aws_text.principals({"Principal": {"Service": ["ec2.amazonaws.com"]}}) == {"ec2.amazonaws.com"}
	aws_text.principals({"Action": ["s3:Get*"]}) == set()
}

test_not_action_and_not_resource_match_the_rest if {
	aws_text.action_in({"NotAction": ["iam:*"]}, "s3:*")
	not aws_text.action_in({"NotAction": ["iam:*"]}, "*")
	aws_text.resource_in({"NotResource": ["arn:aws:s3:::a/*"]}, "arn:aws:s3:::b/*")
	not aws_text.resource_in({"NotResource": ["arn:aws:s3:::a/*"]}, "*")
}

test_own_accounts_come_from_the_row if {
	given := fixture.text({"after": {"arn": "arn:aws:iam::111122223333:role/r", "registry_id": "222233334444"}})
	aws.own_accounts == {"111122223333", "222233334444"} with input as given
}

test_unreadable_documents if {
	given := fixture.text({"unknown": ["inline_policy"], "unreadable": ["policy"]})
	aws_text.unreadable("inline_policy[0].policy") with input as given
	aws_text.unreadable("policy") with input as given
	not aws_text.unreadable("assume_role_policy") with input as given
}

test_services_are_those_of_the_actions if {
	aws_sensitive.credential_services == {split(action, ":")[0] | some action in aws_sensitive.credential_exposure}
}
