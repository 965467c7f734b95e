/// What a phone under the base stations would have shown, for the screen and for tests.
package struct DecodedBroadcast: Sendable, Hashable {
    package enum Verb: String, Sendable, Hashable { case written, killed }

    package let verb: Verb
    package let identifier: UInt16
    package let serial: SerialNumber
    /// Nil for a warning and for 8-bit data.
    package let text: String?
    /// Set for an ETWS primary notification.
    package let warning: WarningType?
    package let pages: Int

    package init(_ verb: Verb, _ broadcast: CBSPBroadcast) {
        self.verb = verb
        identifier = broadcast.identifier
        serial = broadcast.serial
        switch broadcast.content {
        case .text(let paged, _, _, _):
            text = paged.text
            warning = nil
            pages = paged.pages.count
        case .warning(let type, _, _):
            text = nil
            warning = type
            pages = 0
        }
    }
}
