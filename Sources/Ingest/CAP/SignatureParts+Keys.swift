/// The keys a signature names in its KeyInfo.
extension SignatureParts {
    /// Certificates of one chain, keys of one signer.
    private static let keyLimit = 10

    /// Certificates first, then bare keys. Unreadable ones are passed over: a key that is not there accepts nothing.
    var keys: [SigningKey] {
        guard let info = signature.first("KeyInfo") else { return [] }
        let certificates = info.all("X509Data").flatMap { $0.all("X509Certificate") }.compactMap { element in
            Self.base64(element.text).flatMap { SigningKey(certificate: $0) }
        }
        let bare = info.all("KeyValue").compactMap(Self.key)
        let encoded = info.all("DEREncodedKeyValue").compactMap { element in
            Self.base64(element.text).flatMap { SigningKey(publicKeyInfo: $0) }
        }
        return Array((certificates + bare + encoded).prefix(Self.keyLimit))
    }

    private static func key(_ value: XMLElement) -> SigningKey? {
        if let rsa = value.first("RSAKeyValue"), let modulus = rsa.text("Modulus").flatMap(base64),
            let exponent = rsa.text("Exponent").flatMap(base64)
        {
            return SigningKey(modulus: modulus, exponent: exponent)
        }
        if let curve = value.first("ECKeyValue"), let name = curve.first("NamedCurve")?["URI"],
            let point = curve.text("PublicKey").flatMap(base64)
        {
            return SigningKey(curve: name, point: point)
        }
        return nil
    }
}
