//! Calls about templates.

use uuid::Uuid;

use crate::request::Request;
use crate::search_terms::SearchTerms;
use crate::types::*;
use crate::{Client, Result};

/// Which templates to list. Not sent as JSON, but as one line of search terms. What is empty asks nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TemplateFilter {
    /// The organization.
    pub organization_id: Option<Uuid>,
    /// The whole name.
    pub exact_name: String,
    /// Part of the name.
    pub fuzzy_name: String,
    /// User name of who made it, or `me`.
    pub author_username: String,
    /// Further search terms, such as `deprecated:false`.
    pub search_query: String,
}

impl TemplateFilter {
    fn pair(&self) -> (String, String) {
        let organization = self.organization_id.filter(|id| !id.is_nil()).map(|id| id.to_string());
        SearchTerms::default()
            .term("organization", &organization.unwrap_or_default())
            .term("exact_name", &self.exact_name)
            .term("name", &self.fuzzy_name)
            .term("author", &self.author_username)
            .words(&self.search_query)
            .pair()
    }
}

api_trait! {
    /// Templates and their versions.
    pub trait TemplatesApi {
        /// The templates that match, the most used first. `GET /api/v2/templates`.
        ///
        /// # Errors
        /// [`is_bad_request`](crate::Error::is_bad_request) for search terms that it does not know.
        async fn templates(&self, filter: TemplateFilter) -> Vec<Template>;

        /// The templates of an organization. `GET /api/v2/organizations/{organization}/templates`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found).
        async fn templates_by_organization(&self, organization_id: Uuid) -> Vec<Template>;

        /// A template. `GET /api/v2/templates/{template}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found).
        async fn template(&self, id: Uuid) -> Template;

        /// A template by its name. `GET /api/v2/organizations/{organization}/templates/{templatename}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found).
        async fn template_by_name(&self, organization_id: Uuid, name: &str) -> Template;

        /// The versions of a template, oldest first. `GET /api/v2/templates/{template}/versions`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found).
        async fn template_versions_by_template(&self, template: Uuid, include_archived: bool, page: Pagination)
            -> Vec<TemplateVersion>;

        /// A version. `GET /api/v2/templateversions/{templateversion}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found).
        async fn template_version(&self, id: Uuid) -> TemplateVersion;

        /// A version by its name. `GET /api/v2/templates/{template}/versions/{templateversionname}`.
        ///
        /// # Errors
        /// [`is_not_found`](crate::Error::is_not_found).
        async fn template_version_by_name(&self, template: Uuid, name: &str) -> TemplateVersion;
    }
}

#[async_trait::async_trait]
impl TemplatesApi for Client {
    async fn templates(&self, filter: TemplateFilter) -> Result<Vec<Template>> {
        self.send(Request::get("/api/v2/templates", &[]).query_pairs([filter.pair()]).expect(&[200])).await?.json_list()
    }

    async fn templates_by_organization(&self, organization_id: Uuid) -> Result<Vec<Template>> {
        let request = Request::get("/api/v2/organizations/{organization}/templates", &[&organization_id]);
        self.send(request.expect(&[200])).await?.json_list()
    }

    async fn template(&self, id: Uuid) -> Result<Template> {
        self.send(Request::get("/api/v2/templates/{template}", &[&id]).expect(&[200])).await?.json()
    }

    async fn template_by_name(&self, organization_id: Uuid, name: &str) -> Result<Template> {
        let request =
            Request::get("/api/v2/organizations/{organization}/templates/{templatename}", &[&organization_id, &name]);
        self.send(request.expect(&[200])).await?.json()
    }

    async fn template_versions_by_template(
        &self,
        template: Uuid,
        include_archived: bool,
        page: Pagination,
    ) -> Result<Vec<TemplateVersion>> {
        let request = Request::get("/api/v2/templates/{template}/versions", &[&template])
            .query_opt::<bool>("include_archived", include_archived.then_some(true))
            .query_pairs(page.pairs());
        self.send(request.expect(&[200])).await?.json_list()
    }

    async fn template_version(&self, id: Uuid) -> Result<TemplateVersion> {
        self.send(Request::get("/api/v2/templateversions/{templateversion}", &[&id]).expect(&[200])).await?.json()
    }

    async fn template_version_by_name(&self, template: Uuid, name: &str) -> Result<TemplateVersion> {
        let request = Request::get("/api/v2/templates/{template}/versions/{templateversionname}", &[&template, &name]);
        self.send(request.expect(&[200])).await?.json()
    }
}
