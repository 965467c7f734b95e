import CellBroadcast

/// One base station behind a centre, with what osmo-bsc 1.9 does with its cell: one period for all texts, as many pages
/// as the period has slots, one ETWS primary.
struct FakeCell: Sendable {
    enum Line: Sendable { case alive, silent, away }

    struct Text: Sendable, Hashable {
        let serial: SerialNumber
        let pages: Int
        let period: Int
        let words: String
    }

    var line = Line.alive
    private(set) var texts: [Int: Text] = [:]
    private(set) var warning: (identifier: Int, serial: SerialNumber)?
    /// What was refused behind the centre's yes.
    private(set) var refused: [Int] = []
    /// How many texts there were after each change.
    private(set) var counts: [Int] = []
    /// Identifiers of everything that was ever written, in order.
    private(set) var written: [Int] = []

    var pages: Int { texts.values.reduce(0) { $0 + $1.pages } }

    mutating func write(_ message: ECBEMessage) {
        guard line == .alive else { return }
        let identifier = message.smscb_message.message_id
        guard let encoded = message.smscb_message.payload.payload_encoded else {
            guard warning == nil else { return refused.append(identifier) }
            warning = (identifier, message.serial)
            return written.append(identifier)
        }
        let period = message.repetition_period
        let fits = pages + encoded.pages.count <= period && texts.values.allSatisfy { $0.period == period }
        guard fits else { return refused.append(identifier) }
        texts[identifier] = Text(serial: message.serial, pages: encoded.pages.count, period: period, words: message.text ?? "")
        written.append(identifier)
        counts.append(texts.count)
    }

    mutating func kill(_ message: ECBEMessage) {
        guard line == .alive else { return }
        let identifier = message.smscb_message.message_id
        if texts[identifier]?.serial == message.serial { texts[identifier] = nil }
        if let standing = warning, standing.identifier == identifier, standing.serial == message.serial { warning = nil }
        counts.append(texts.count)
    }

    /// RESET, or a power cut.
    mutating func forget() {
        texts = [:]
        warning = nil
        counts.append(0)
    }

    mutating func forgetHistory() { (refused, counts, written) = ([], [], []) }
}
