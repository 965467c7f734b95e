/// The path of a route, `/v1/alerts/{id}/cancel`: what is in braces stands for any one piece.
package struct PathPattern: Sendable, Hashable {
    package let text: String
    private let pieces: [Substring]

    package init(_ text: String) {
        self.text = text
        pieces = Self.pieces(text)
    }

    /// A path that is held against many patterns: taken to pieces once.
    package struct Asked: Sendable {
        fileprivate let pieces: [Substring]
        package init(_ path: String) { pieces = PathPattern.pieces(path) }
    }

    /// As the router does it: doubled slashes and the last one do not count, nothing is decoded.
    package func matches(_ path: Asked) -> Bool {
        path.pieces.count == pieces.count && zip(pieces, path.pieces).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }

    package func matches(_ path: String) -> Bool { matches(Asked(path)) }

    /// Whether a path that matches is spelt as it should be. The router passes over doubled slashes and one at the end; whoever
    /// guards a path by its letters (a proxy, a list of rights) does not, so there is one spelling.
    /// - Parameter isFolder: its pages name what stands beside them, and a slash at the end is right.
    package func isSpelt(_ path: String, isFolder: Bool) -> Bool {
        let bare = Self.pieces(path).reduce(into: "") { $0 += "/" + $1 }
        return path.utf8.elementsEqual(bare.isEmpty ? "/".utf8 : bare.utf8) || isFolder && path.utf8.elementsEqual((bare + "/").utf8)
    }

    /// How many pieces are said outright: of two patterns that match, the router takes the one that says more.
    package var weight: Int { pieces.count { !$0.hasPrefix("{") } }

    private static func pieces(_ text: String) -> [Substring] {
        // Not String's own comparison: to it, é in one scalar and in two are the same.
        text.split(separator: "/").map { $0 }
    }
}
