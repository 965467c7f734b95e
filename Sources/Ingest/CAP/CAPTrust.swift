/// Whose signatures count. Read from the settings: certificates or keys of issuers that were met in person.
package struct CAPTrust: Sendable {
    /// SHA-256 of the SubjectPublicKeyInfo (DER) of each trusted key, as RFC 7469 pins are.
    package var pins: Set<[UInt8]>

    package init(pins: Set<[UInt8]> = []) { self.pins = pins }

    /// Every good signature is of somebody unknown.
    package static let nobody = CAPTrust()
}
