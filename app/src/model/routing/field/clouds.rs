//! Keys of vendors that ask for more than a credential. Those vendors are still to come; a config may name the keys.

use super::Field;
use super::Kind::{Either, Flag, List, Map, Object, Text, Words};
use super::form::Form::{Plain, Url};
use super::table::DEPLOYMENT;

pub(super) static CLOUDS: &[Field] = &[
    // OpenAI.
    text("openai_organization", "OpenAI's organization to bill."),
    text("openai_project", "OpenAI's project to bill."),
    text("openai_beta", "Value of the header OpenAI-Beta."),
    // Anthropic.
    text("anthropic_beta", "Value of the header anthropic-beta."),
    text("anthropic_version", "Value of the header anthropic-version."),
    // Azure.
    text("resource_name", "Azure OpenAI's resource."),
    text("deployment_id", "Azure OpenAI's deployment."),
    text("api_version", "Version of Azure's API."),
    Field::new(
        "deployments",
        List { of: &Object(&DEPLOYMENT), least: 1 },
        "Azure OpenAI's deployments, each under the alias by which a call names it.",
    )
    .later(),
    text("azure_resource_name", "Azure OpenAI's resource."),
    text("azure_deployment_id", "Azure OpenAI's deployment."),
    text("azure_deployment_name", "Azure AI's deployment."),
    text("azure_api_version", "Version of Azure's API."),
    text("azure_model_name", "Model behind Azure's deployment."),
    text("azure_ad_token", "Azure's access token, in place of a key."),
    Field::new("azure_auth_mode", Words(&["default", "entra", "managed", "workload"]), "How Azure is signed in to.")
        .later(),
    text("azure_managed_client_id", "Client id of Azure's managed identity."),
    text("azure_workload_client_id", "Client id of Azure's workload identity."),
    text("azure_entra_client_id", "Client id for Entra."),
    text("azure_entra_client_secret", "Client secret for Entra."),
    text("azure_entra_tenant_id", "Tenant for Entra."),
    text("azure_entra_scope", "Scope for Entra."),
    text("azure_endpoint_name", "Azure AI's endpoint."),
    Field::new("azure_foundry_url", Text(Url), "Base URL of Azure AI Foundry.").later(),
    text("azure_extra_params", "What Azure AI does with parameters that it does not know."),
    // Amazon.
    text("aws_access_key_id", "AWS access key."),
    text("aws_secret_access_key", "AWS secret key."),
    text("aws_session_token", "AWS session token."),
    text("aws_region", "AWS region."),
    text("aws_auth_type", "How AWS is signed in to, such as assumedRole."),
    text("aws_role_arn", "AWS role to take on."),
    text("aws_external_id", "External id for the AWS role."),
    text("aws_s3_bucket", "Bucket for files and batches."),
    text("aws_s3_object_key", "Object in the bucket."),
    text("aws_bedrock_model", "Model of a Bedrock batch."),
    text("aws_server_side_encryption", "Encryption of objects in the bucket."),
    text("aws_server_side_encryption_kms_key_id", "KMS key for it."),
    text("amz_server_side_encryption", "Encryption of objects in the bucket."),
    text("amz_server_side_encryption_aws_kms_key_id", "KMS key for it."),
    text("amzn_sagemaker_custom_attributes", "SageMaker's custom attributes."),
    text("amzn_sagemaker_target_model", "SageMaker's target model."),
    text("amzn_sagemaker_target_variant", "SageMaker's target variant."),
    text("amzn_sagemaker_target_container_hostname", "SageMaker's target container."),
    text("amzn_sagemaker_inference_id", "SageMaker's inference id."),
    text("amzn_sagemaker_enable_explanations", "SageMaker's explanations."),
    text("amzn_sagemaker_inference_component", "SageMaker's inference component."),
    text("amzn_sagemaker_session_id", "SageMaker's session."),
    text("amzn_sagemaker_model_name", "SageMaker's model."),
    // Google.
    text("vertex_project_id", "Vertex AI's project."),
    text("vertex_region", "Vertex AI's region."),
    text("vertex_storage_bucket_name", "Bucket for files and batches."),
    Field::new(
        "vertex_service_account_json",
        Either(&[Map, Text(Plain)]),
        "The service account, as an object or as its JSON text.",
    )
    .later(),
    // Others.
    Field::new("huggingface_base_url", Text(Url), "Address of a Hugging Face endpoint.").later(),
    text("workers_ai_account_id", "Cloudflare's account."),
    text("fireworks_account_id", "Fireworks' account."),
    text("snowflake_account", "Snowflake's account."),
    text("stability_client_id", "Stability's client id."),
    text("stability_client_user_id", "Stability's user id."),
    text("stability_client_version", "Stability's client version."),
    Field::new("mistral_fim_completion", Flag, "Mistral completes the middle of a text.").later(),
    text("oracle_api_version", "Version of Oracle's API."),
    text("oracle_region", "Oracle's region."),
    text("oracle_compartment_id", "Oracle's compartment."),
    text("oracle_serving_mode", "Oracle's serving mode."),
    text("oracle_tenancy", "Oracle's tenancy."),
    text("oracle_user", "Oracle's user."),
    text("oracle_fingerprint", "Fingerprint of Oracle's key."),
    text("oracle_private_key", "Oracle's private key."),
    text("oracle_key_passphrase", "Passphrase of Oracle's key."),
];

const fn text(key: &'static str, meaning: &'static str) -> Field {
    Field::new(key, Text(Plain), meaning).later()
}
