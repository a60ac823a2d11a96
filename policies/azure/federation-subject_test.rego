package tollgate.azure.federation_subject_test

import data.tollgate.azure.federation_subject as rule
import data.tollgate.lib.fixture

row(before, after) := fixture.text({"type": "azurerm_federated_identity_credential", "kind": "federation", "before": before, "after": after})

subject(text) := {"issuer": "https://token.actions.githubusercontent.com", "subject": text}

test_fires_on_pull_requests if {
	findings := rule.approve with input as row(subject("repo:acme/app:environment:prod"), subject("repo:acme/app:pull_request"))
	findings == {{"msg": "`example.this`: `subject` newly trusts pull requests (`repo:acme/app:pull_request`)", "path": "subject"}}
}

test_fires_on_patterns if {
	after := {"claims_matching_expression": [{"value": "claims['sub'] matches 'repo:acme/*'", "language_version": 1}]}
	count(rule.approve) == 1 with input as row(null, after)
	count(rule.approve) == 1 with input as row(null, {"claims_matching_expression": "claims['sub'] matches 'repo:acme/*'"})
}

test_quiet_on_one_subject_and_removal if {
	count(rule.approve) == 0 with input as row(null, subject("repo:acme/app:environment:prod"))
	count(rule.approve) == 0 with input as row(subject("repo:acme/app:ref:refs/heads/main"), subject("repo:acme/app:ref:refs/heads/*"))
	count(rule.approve) == 0 with input as row(subject("repo:acme/app:pull_request"), null)
	count(rule.approve) == 0 with input as row(subject("repo:acme/app:pull_request"), subject("repo:acme/app:pull_request"))
}

test_unknown_subject_is_left_to_not_compared if count(rule.approve) == 0 with input as row(null, subject(fixture.unknown))
