/// Who speaks in an alert, in which words, and what it follows.
package import AlertModel
package import FoundationEssentials

/// What cannot be written as an alert, and why.
package struct CAPWriterError: Error, Equatable, CustomStringConvertible {
    package let reason: String
    init(_ reason: String) { self.reason = reason }
    package var description: String { reason }
}

/// The issuer as CAP names it.
package struct CAPIssuer: Sendable, Hashable {
    /// Globally unique: an address or a domain name of the issuer.
    package let sender: String
    /// For people: 気仙沼市 危機管理課.
    package let senderName: String
    package let web: String?
    package let contact: String?

    /// Throws for a sender with a space, a comma, `<` or `&`, or without anything (CAP 1.2 §3.2.1).
    package init(sender: String, senderName: String, web: String? = nil, contact: String? = nil) throws(CAPWriterError)
    {
        guard !sender.isEmpty, !sender.contains(where: { $0.isWhitespace || ",<&".contains($0) }) else {
            throw CAPWriterError("「\(sender)」はCAPの発信者名になりません。空、空白、コンマ、< と & は使えません (no CAP sender)")
        }
        self.sender = sender
        self.senderName = senderName
        self.web = web
        self.contact = contact
    }
}

/// The words of an alert in one language, rendered before.
package struct CAPText: Sendable, Hashable {
    package var language: Language
    /// The kind of event in this language; nil takes the alert's title (Japanese) or the kind's English name.
    package var event: String?
    package var headline: String
    package var description: String
    package var instruction: String?
    /// What a drill's headline begins with in this language; nil: 【訓練】 in Japanese, [DRILL] in all others.
    package var drillMark: String?

    package init(
        language: Language, event: String? = nil, headline: String, description: String, instruction: String? = nil, drillMark: String? = nil
    ) {
        self.language = language
        self.event = event
        self.headline = headline
        self.description = description
        self.instruction = instruction
        self.drillMark = drillMark
    }
}

/// An earlier alert of ours that this one updates or cancels.
package struct CAPReference: Sendable, Hashable {
    package var sender: String
    package var id: AlertID
    package var sent: Date

    package init(sender: String, id: AlertID, sent: Date) {
        self.sender = sender
        self.id = id
        self.sent = sent
    }

    var text: String { "\(sender),\(CAPWriter.identifier(of: id)),\(JapanTime.text(sent, milliseconds: false))" }
}
