/// The path of a route, `/v1/alerts/{id}/cancel`: what is in braces stands for any one piece.
package struct PathPattern: Sendable, Hashable {
    package let text: String
    private let pieces: [Substring]

    package init(_ text: String) {
        self.text = text
        pieces = Self.pieces(text)
    }

    /// As the router does it: doubled slashes and the last one do not count, nothing is decoded.
    package func matches(_ path: String) -> Bool {
        let asked = Self.pieces(path)
        return asked.count == pieces.count && zip(pieces, asked).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }

    /// How many pieces are said outright: of two patterns that match, the router takes the one that says more.
    package var weight: Int { pieces.count { !$0.hasPrefix("{") } }

    private static func pieces(_ text: String) -> [Substring] {
        // Not String's own comparison: to it, é in one scalar and in two are the same.
        text.split(separator: "/").map { $0 }
    }
}
