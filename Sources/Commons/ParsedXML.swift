internal import Ingest

/// A document as a value, read without leniency: the other side of what the channel writes.
package struct ParsedXML: Sendable {
    package let name: String
    package let namespace: String
    /// The attribute `Type`, which the password has.
    package let type: String?
    /// All text below.
    package let text: String
    package let children: [ParsedXML]

    /// Nil unless well-formed.
    package init?(_ octets: [UInt8]) {
        guard let document = try? XMLDocument(octets) else { return nil }
        self.init(document.root)
    }

    private init(_ element: XMLElement) {
        name = element.name
        namespace = element.namespace
        type = element["Type"]
        text = element.text
        children = element.children.map { ParsedXML($0) }
    }

    /// All descendants of this local name, in the order of the document.
    package func all(_ name: String) -> [ParsedXML] {
        children.flatMap { ($0.name == name ? [$0] : []) + $0.all(name) }
    }

    /// Follows local names from child to child; a first name may lie any number of levels down.
    package func first(_ path: String) -> ParsedXML? {
        let names = path.split(separator: "/").map(String.init)
        guard let head = names.first else { return self }
        for start in all(head) {
            var place: ParsedXML? = start
            for name in names.dropFirst() { place = place?.children.first { $0.name == name } }
            if let place { return place }
        }
        return nil
    }

    package func words(_ path: String) -> String? { first(path)?.text }
}
