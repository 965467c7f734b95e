/// Server-sent events out of the pieces they come in (WHATWG HTML, section 9.2), as far as our own hub writes them:
/// lines end in LF or CR LF.
///
/// A value with a bound: a block that grows beyond it is no event of a hub.
struct EventReader: Sendable {
    struct Event: Sendable, Equatable {
        var name = ""
        /// Nil: the block had no data, so its id alone says how far we are.
        var data: [UInt8]?
        var id: String?
    }

    /// Octets of one block. The longest line of a tablet's channel has 48,000.
    static let bound = 256 << 10

    private var line: [UInt8] = []
    private var event = Event()
    private var size = 0

    /// Every event that is whole now; nil when a block is too long to be one.
    mutating func feed(_ octets: UnsafeRawBufferPointer) -> [Event]? {
        var whole: [Event] = []
        for piece in octets.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if piece.offset > 0, let done = endLine() { whole.append(done) }
            size += piece.element.count
            guard size <= Self.bound else { return nil }
            line.append(contentsOf: piece.element)
        }
        return whole
    }

    private mutating func endLine() -> Event? {
        defer { line.removeAll(keepingCapacity: true) }
        if line.last == 0x0D { line.removeLast() }
        guard !line.isEmpty else { return dispatch() }
        // A comment: somebody is there, and nothing more.
        guard let colon = line.firstIndex(of: 0x3A), colon > 0 else {
            size -= line.count
            return nil
        }
        var value = line[(colon + 1)...]
        if value.first == 0x20 { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": event.name = String(decoding: value, as: UTF8.self)
        case "id": event.id = String(decoding: value, as: UTF8.self)
        case "data": event.data = event.data.map { $0 + [0x0A] + value } ?? Array(value)
        default: break
        }
        return nil
    }

    private mutating func dispatch() -> Event? {
        defer {
            event = Event()
            size = 0
        }
        return event.data == nil && event.id == nil ? nil : event
    }
}
