//! The name that a certificate gives its holder.

use x509_cert::{
    Certificate,
    attr::AttributeTypeAndValue,
    der::{
        Decode,
        asn1::{ObjectIdentifier, PrintableStringRef, Utf8StringRef},
    },
    ext::pkix::{SubjectAltName, name::GeneralName},
};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// The first DNS name among its alternative names, as RFC 5425 has it, and the common name of its subject where it has
/// none; none if it names nobody.
pub(super) fn name_in(certificate: &[u8]) -> Option<String> {
    let certificate = Certificate::from_der(certificate).ok()?.tbs_certificate;
    let alternatives = certificate.get::<SubjectAltName>().ok().flatten().map(|(_, names)| names.0);
    let dns = alternatives.into_iter().flatten().find_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        _ => None,
    });
    dns.or_else(|| {
        let all = certificate.subject.0.iter().flat_map(|relative| relative.0.iter());
        all.filter(|part| part.oid == COMMON_NAME).find_map(text_of)
    })
    .filter(|name| !name.is_empty())
}

fn text_of(part: &AttributeTypeAndValue) -> Option<String> {
    let utf8 = part.value.decode_as::<Utf8StringRef<'_>>().map(|text| text.as_str().to_owned());
    utf8.or_else(|_| part.value.decode_as::<PrintableStringRef<'_>>().map(|text| text.as_str().to_owned()))
        .ok()
}
