//! How is a hub told that something changed? By a form, under the same guard, turns and limits as every request.

use reqwest::header::{self, HeaderMap, HeaderValue};
use url::Url;

use super::exchange::retry_after;
use super::{FetchError, Fetcher, Now, guard};

const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

impl Fetcher {
    /// Sends a form by POST; the answer's status is all that is read of it. Redirects are not followed: the address is
    /// the person's own to mend.
    ///
    /// # Errors
    /// No answer, or one that is no success.
    pub async fn tell(&self, hub: &Url, form: &[(&str, &str)], now: Now<'_>) -> Result<(), FetchError> {
        guard::check_url(hub, self.settings.allow_private_networks)?;
        let stopped = || FetchError::Client("it is being shut down".to_owned());
        let mut turn = self.polite.turn(hub).await.ok_or_else(stopped)?;
        let _slot = self.slots.acquire().await.map_err(|_| stopped())?;
        self.may_ask(hub, &turn, now())?;
        let told = tokio::time::timeout(self.settings.total_timeout, self.post(hub, form)).await;
        let host = hub.host_str().unwrap_or_default().to_owned();
        let (status, fields) = told.unwrap_or_else(|_| {
            Err(FetchError::Timeout { host, did: "did not answer".to_owned(), within: self.settings.total_timeout })
        })?;
        if status.is_success() {
            return Ok(());
        }
        let until = matches!(status.as_u16(), 429 | 503).then(|| retry_after(&fields, now())).flatten();
        if status.as_u16() == 429 {
            turn.slow_down(until, now());
        }
        Err(FetchError::status(status.as_u16(), &fields, false, until))
    }

    async fn post(&self, hub: &Url, form: &[(&str, &str)]) -> Result<(reqwest::StatusCode, HeaderMap), FetchError> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.clients.get()?.post(hub.clone());
        let request = request.header(header::USER_AGENT, self.agent.clone()).header(header::CONTENT_TYPE, FORM);
        let sent = request.body(body).send().await;
        let host = hub.host_str().unwrap_or_default();
        let response = sent.map_err(|e| FetchError::of(&e, host, None, self.clients.no_roots))?;
        Ok((response.status(), response.headers().clone()))
    }
}
