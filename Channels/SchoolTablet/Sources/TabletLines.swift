import ChannelKit
import Synchronization

/// Lines for a town's schools: forty of them hear the same words, each under its own delivery's id. The words become JSON once.
final class TabletLines: Sendable {
    private let last = Mutex<(alert: TabletAlert, line: SealedLine)?>(nil)

    /// - Parameter seal: puts the town's seal on it, which covers everything but the delivery's id: signed once for all schools.
    func line(_ alert: TabletAlert, seal: ([UInt8]) -> SealedLine?) throws -> SealedLine {
        let delivery = alert.own.delivery, shared = alert.ofNoDelivery
        let line = try last.withLock { last in
            if let last, last.alert == shared { return last.line }
            let words = try AlertJSON.line(shared), line = seal(words) ?? SealedLine(line: words, number: 0)
            last = (shared, line)
            return line
        }
        // Inside of words each quotation mark has its backslash: this stands in no text.
        guard let place = line.line.firstRange(of: Array(#""delivery":"""#.utf8)), delivery.utf8.allSatisfy(Self.isPlain) else {
            let words = try AlertJSON.line(alert)
            return seal(words) ?? SealedLine(line: words, number: 0)
        }
        var own = line
        // Before the quotation mark that ends the empty id.
        own.line.insert(contentsOf: delivery.utf8, at: place.upperBound - 1)
        return own
    }

    /// Needs nothing in front of it in a string of JSON (RFC 8259 §7).
    private static func isPlain(_ octet: UInt8) -> Bool {
        (0x20...0x7E).contains(octet) && octet != UInt8(ascii: "\"") && octet != UInt8(ascii: "\\")
    }
}
