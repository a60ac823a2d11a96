//! The GraphQL queries, one constant each. A test validates them against GitHub's published schema.

/// Comments with their edits. REST does not tell edits within the second of creation, who edited, or e-mail.
pub const COMMENTS: &str = "query Comments($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    comments(first: 50, after: $after) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { id fullDatabaseId body lastEditedAt includesCreatedEdit isMinimized createdViaEmail viewerDidAuthor
        userContentEdits(first: 50) { totalCount nodes { editor { __typename login ... on User { databaseId } } } } }
    } } } }";

/// Reviews with their edits.
pub const REVIEWS: &str = "query Reviews($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    reviews(first: 50, after: $after) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { id fullDatabaseId body lastEditedAt includesCreatedEdit isMinimized createdViaEmail viewerDidAuthor
        userContentEdits(first: 50) { totalCount nodes { editor { __typename login ... on User { databaseId } } } } }
    } } } }";

/// Commits with all authors and parents. REST stops at 250.
pub const COMMITS: &str = "query Commits($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    commits(first: 50, after: $after) {
      totalCount pageInfo { hasNextPage endCursor }
      nodes { commit { oid message
        parents(first: 20) { totalCount nodes { oid } }
        authors(first: 50) { totalCount nodes { email user { __typename login databaseId } } }
        committer { email user { __typename login databaseId } }
        signature { isValid wasSignedByGitHub } } }
    } } } }";

/// The events that can void an approval.
pub const TIMELINE: &str = "query Timeline($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { pullRequest(number: $number) {
    timelineItems(first: 100, after: $after, itemTypes: [COMMENT_DELETED_EVENT, REVIEW_DISMISSED_EVENT,
      BASE_REF_CHANGED_EVENT, AUTOMATIC_BASE_CHANGE_SUCCEEDED_EVENT, HEAD_REF_FORCE_PUSHED_EVENT]) {
      filteredCount pageInfo { hasNextPage endCursor }
      nodes { __typename
        ... on CommentDeletedEvent { createdAt deletedCommentAuthor { __typename login ... on User { databaseId } } }
        ... on ReviewDismissedEvent { createdAt previousReviewState review { fullDatabaseId }
          actor { __typename login ... on User { databaseId } } }
        ... on BaseRefChangedEvent { createdAt }
        ... on AutomaticBaseChangeSucceededEvent { createdAt }
        ... on HeadRefForcePushedEvent { createdAt actor { __typename login ... on User { databaseId } } } }
    } } } }";

/// Folds a comment away.
pub const MINIMISE: &str = "mutation Minimise($id: ID!) {
  minimizeComment(input: { subjectId: $id, classifier: OUTDATED }) { clientMutationId } }";
