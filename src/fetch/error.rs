//! What went wrong with a request, and what can be done about it?

use crate::model::{Failure, Timestamp};

/// Why there is no document. The messages are lower case and fit "failed to fetch …: …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The server answered, but not with a document.
    #[error("{message}")]
    Status {
        /// Its status code.
        status: u16,
        /// What it means here.
        message: String,
        /// Until when it asked not to be asked again.
        retry_after: Option<Timestamp>,
    },
}

impl FetchError {
    /// What `sources` needs to know of it.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Status { status, message, retry_after } => {
                Failure { message: message.clone(), status: Some(*status), retry_after: *retry_after }
            }
        }
    }
}
