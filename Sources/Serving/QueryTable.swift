package import HTTPTypes
package import Web

/// What each call of a house takes behind its `?`. **The one place**: a route that is not here takes nothing, and whatever else is
/// given is refused before the route is asked. A word that a handler does not read yet does not stand here. Handlers read values
/// with `request.uri.queryParameters`.
package struct QueryTable: Sendable {
    private var calls: [String: QueryRules]
    private var otherBodies: Set<String>
    /// People open these, and gateways, browsers and printed addresses add words of their own.
    private let isPage: @Sendable (String) -> Bool

    /// - Parameter calls: by method and path, `GET /v1/alerts/{id}`.
    package init(_ calls: [String: QueryRules], isPage: @escaping @Sendable (_ path: String) -> Bool) {
        self.calls = calls
        self.isPage = isPage
        otherBodies = []
    }

    /// The same with more calls.
    /// - Parameter otherBodies: paths of those whose bodies are no JSON, which look at their media type themselves.
    package func with(_ more: [String: QueryRules], otherBodies: Set<String> = []) -> QueryTable {
        var table = self
        table.calls.merge(more) { $1 }
        table.otherBodies.formUnion(otherBodies)
        return table
    }

    package func rules(_ method: HTTPRequest.Method, _ pattern: PathPattern) -> QueryRules {
        if method == .get, isPage(pattern.text) { return .anything }
        return calls["\(method.rawValue) \(pattern.text)"] ?? .none
    }

    package func takesOtherBodies(_ pattern: PathPattern) -> Bool { otherBodies.contains(pattern.text) }

    /// Every name there is, for a word to who wrote one wrong.
    static func words(_ rules: QueryRules) -> String { rules.kinds.keys.sorted().joined(separator: ", ") }
}
