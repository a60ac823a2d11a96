//! Azure and Entra, type by type.
