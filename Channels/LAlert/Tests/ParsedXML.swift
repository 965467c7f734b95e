import CXML

/// A document as libxml2 reads it, without leniency: the other side of `XMLElement`.
struct ParsedXML: Sendable {
    let name: String
    let namespace: String
    let attributes: [String: String]
    let text: String
    let children: [ParsedXML]

    /// Nil unless well-formed.
    init?(_ octets: [UInt8]) {
        cxml_silence()
        let document = octets.withUnsafeBytes { bytes in
            xmlReadMemory(
                bytes.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count), nil, nil,
                Int32(XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue))
        }
        guard let document else { return nil }
        defer { xmlFreeDoc(document) }
        guard let root = xmlDocGetRootElement(document) else { return nil }
        self.init(root)
    }

    private init(_ node: xmlNodePtr) {
        name = String(cString: node.pointee.name)
        namespace = node.pointee.ns.flatMap { $0.pointee.href }.map { String(cString: $0) } ?? ""
        var attributes: [String: String] = [:]
        var attribute = node.pointee.properties
        while let one = attribute {
            attributes[String(cString: one.pointee.name)] =
                one.pointee.children.flatMap { $0.pointee.content }.map { String(cString: $0) } ?? ""
            attribute = one.pointee.next
        }
        self.attributes = attributes
        var children: [ParsedXML] = []
        var text = ""
        var child = node.pointee.children
        while let one = child {
            switch one.pointee.type {
            case XML_ELEMENT_NODE: children.append(ParsedXML(one))
            case XML_TEXT_NODE, XML_CDATA_SECTION_NODE: text += one.pointee.content.map { String(cString: $0) } ?? ""
            default: break
            }
            child = one.pointee.next
        }
        self.children = children
        self.text = text
    }

    /// All descendants of this local name, in the order of the document.
    func all(_ name: String) -> [ParsedXML] {
        children.flatMap { ($0.name == name ? [$0] : []) + $0.all(name) }
    }

    /// Follows local names from child to child; a first name may lie any number of levels down.
    func first(_ path: String) -> ParsedXML? {
        let names = path.split(separator: "/").map(String.init)
        guard let head = names.first else { return self }
        for start in all(head) {
            var place: ParsedXML? = start
            for name in names.dropFirst() { place = place?.children.first { $0.name == name } }
            if let place { return place }
        }
        return nil
    }

    func words(_ path: String) -> String? { first(path)?.text }
}
