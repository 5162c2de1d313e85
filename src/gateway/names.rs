//! Names of headers that every call is asked for, ready made: one that is text is read anew each time it is looked for.

use http::HeaderName;

macro_rules! names {
    ($($constant:ident $name:literal)*) => { $(pub static $constant: HeaderName = HeaderName::from_static($name);)* };
}

names! {
    API_KEY "x-portkey-api-key"
    OTHER_API_KEY "x-api-key"
    CONFIG "x-portkey-config"
    PROVIDER "x-portkey-provider"
    VIRTUAL_KEY "x-portkey-virtual-key"
    CUSTOM_HOST "x-portkey-custom-host"
    FORWARD_HEADERS "x-portkey-forward-headers"
    SENSITIVE_HEADERS "x-portkey-sensitive-headers"
    REQUEST_TIMEOUT "x-portkey-request-timeout"
    CACHE_FORCE_REFRESH "x-portkey-cache-force-refresh"
    CACHE_NAMESPACE "x-portkey-cache-namespace"
    DEBUG "x-portkey-debug"
    METADATA "x-portkey-metadata"
    BAGGAGE "baggage"
    TRACE_ID "x-portkey-trace-id"
    SPAN_ID "x-portkey-span-id"
    PARENT_SPAN_ID "x-portkey-parent-span-id"
    SPAN_NAME "x-portkey-span-name"
    TRACEPARENT "traceparent"
    PACKAGE_VERSION "x-portkey-package-version"
    RUNTIME "x-portkey-runtime"
    RUNTIME_VERSION "x-portkey-runtime-version"
    OPENAI_BETA "openai-beta"
    OPENAI_ORGANIZATION "openai-organization"
    OPENAI_PROJECT "openai-project"
    OWN_OPENAI_BETA "x-portkey-openai-beta"
    OWN_OPENAI_ORGANIZATION "x-portkey-openai-organization"
    OWN_OPENAI_PROJECT "x-portkey-openai-project"
    REQUEST_ID "x-portkey-request-id"
    CACHE_STATUS "x-portkey-cache-status"
    RETRY_ATTEMPT_COUNT "x-portkey-retry-attempt-count"
    LAST_USED_OPTION_INDEX "x-portkey-last-used-option-index"
}
