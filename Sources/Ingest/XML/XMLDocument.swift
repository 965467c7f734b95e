/// XML as a tree, by libxml2: half the time of Foundation's XMLParser on the same bulletin, and the one library
/// that can canonicalise a signed alert from the octets that were received.
///
/// A bulletin is a stranger's bytes. Bounded here: size, depth. Refused here: any document type declaration (the
/// door of entity bombs and of files on our disk). Nothing is ever fetched.
internal import CXML

package struct XMLLimits: Sendable {
    /// Octets after inflation. JMA's largest real bulletin, VPRN50, has 3.84 MB.
    package var size = 8 << 20
    /// Elements inside elements; the deepest real bulletin has 12.
    package var depth = 48
    /// Whether white space between elements stays. A signature needs it; a reader of data does not, and saves a
    /// third of the tree.
    package var keepsBlanks = true

    package init() {}
}

/// Why bytes are no readable document. The text goes to the sender and to the operator.
package struct XMLRefusal: Error, Equatable, CustomStringConvertible {
    package let reason: String
    package init(_ reason: String) { self.reason = reason }
    package var description: String { reason }
}

/// One parsed document. The elements handed out keep it alive; it is never changed after parsing.
// Sendable: libxml2 trees are safe to read from several threads as long as nobody writes, and nobody can here.
package final class XMLDocument: @unchecked Sendable {
    let pointer: xmlDocPtr

    package init(_ octets: some ContiguousBytesLike, limits: XMLLimits = XMLLimits()) throws(XMLRefusal) {
        XMLDocument.prepared
        guard octets.octetCount > 0 else { throw XMLRefusal("空です (empty)") }
        guard octets.octetCount <= limits.size else {
            throw XMLRefusal("\(octets.octetCount)オクテットあり、読める上限\(limits.size)を超えます (too long)")
        }
        if let objection = octets.withOctets({ XMLPrescan.objection(to: $0) }) { throw XMLRefusal(objection) }
        let outcome = octets.withOctets { XMLDocument.parse($0, keepsBlanks: limits.keepsBlanks) }
        pointer = try outcome.get()
        try check(depth: limits.depth)
    }

    deinit { xmlFreeDoc(pointer) }

    package var root: XMLElement {
        // A well-formed document has a root; parsing refused everything else.
        XMLElement(document: self, node: xmlDocGetRootElement(pointer))
    }

    /// The encoding the document declares or betrays by its first octets, nil when it does neither (then it is UTF-8).
    package var encoding: String? { pointer.pointee.encoding.map { String(cString: $0) } }

    private static let prepared: Void = {
        xmlInitParser()
    }()

    private static func parse(
        _ octets: UnsafeRawBufferPointer, keepsBlanks: Bool
    ) -> Result<xmlDocPtr, XMLRefusal> {
        cxml_silence()
        guard let context = xmlNewParserCtxt() else { return .failure(XMLRefusal("読み取りのためのメモリが足りません (no memory for a parser)")) }
        defer { xmlFreeParserCtxt(context) }
        context.pointee.sax.pointee.internalSubset = { raw, _, _, _ in
            guard let raw else { return }
            let context = raw.assumingMemoryBound(to: xmlParserCtxt.self)
            context.pointee._private = raw  // any non-nil value: "a DOCTYPE was seen"
            xmlStopParser(context)
        }
        let options = XML_PARSE_NONET.rawValue | XML_PARSE_NOERROR.rawValue | XML_PARSE_NOWARNING.rawValue
            | XML_PARSE_COMPACT.rawValue | (keepsBlanks ? 0 : XML_PARSE_NOBLANKS.rawValue)
        let document = xmlCtxtReadMemory(
            // A bulletin is 8 MiB at most, also inflated.
            context, octets.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(octets.count), nil, nil,
            Int32(options))
        if context.pointee._private != nil {
            xmlFreeDoc(document)
            return .failure(XMLRefusal("文書型宣言（DOCTYPE）は受け付けません (no DOCTYPE)"))
        }
        guard let document, context.pointee.wellFormed == 1, xmlDocGetRootElement(document) != nil else {
            let error = xmlCtxtGetLastError(context)
            let text = error.flatMap { $0.pointee.message }.map { String(cString: $0) } ?? "unreadable"
            let line = error.map { Int($0.pointee.line) } ?? 0
            xmlFreeDoc(document)
            return .failure(XMLRefusal(
                "XMLとして正しくありません: \(line)行目: \(text.split(separator: "\n").first.map(String.init) ?? text) (not well-formed)"))
        }
        return .success(document)
    }

    private func check(depth limit: Int) throws(XMLRefusal) {
        var node: xmlNodePtr? = xmlDocGetRootElement(pointer)
        var depth = 1
        while let current = node {
            if current.pointee.type == XML_ELEMENT_NODE, let child = current.pointee.children {
                depth += 1
                // Text lies one level below its element and does not count.
                guard depth <= limit + 1 else { throw XMLRefusal("要素の入れ子が\(limit)より深いです (nested too deep)") }
                node = child
                continue
            }
            var climber: xmlNodePtr? = current
            while let here = climber, here.pointee.next == nil {
                climber = here.pointee.parent
                depth -= 1
                if climber == nil || climber?.pointee.type == XML_DOCUMENT_NODE { return }
            }
            node = climber?.pointee.next
        }
    }
}

/// Bytes in one piece: `[UInt8]`, `Data`, a slice of either.
package protocol ContiguousBytesLike {
    var octetCount: Int { get }
    func withOctets<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value
}

extension Array: ContiguousBytesLike where Element == UInt8 {
    package var octetCount: Int { count }
    package func withOctets<Value>(_ body: (UnsafeRawBufferPointer) -> Value) -> Value { withUnsafeBytes(body) }
}
