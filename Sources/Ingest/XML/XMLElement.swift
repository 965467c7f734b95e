internal import CXML

/// An element of a document: matched by namespace and local name, never by prefix.
package struct XMLElement {
    package let document: XMLDocument
    let node: xmlNodePtr

    /// The name without its prefix.
    package var name: String { String(cString: node.pointee.name) }

    /// The namespace's URI, empty when there is none.
    package var namespace: String {
        guard let namespace = node.pointee.ns, let href = namespace.pointee.href else { return "" }
        return String(cString: href)
    }

    /// Compares without making a String: the hot path of every reader.
    package func isNamed(_ name: StaticString) -> Bool {
        // libxml2 gives every element a name.
        let own = UnsafeRawPointer(node.pointee.name!).assumingMemoryBound(to: UInt8.self)
        let size = name.utf8CodeUnitCount
        // The first octet that differs ends it: the closing zero at the latest.
        for index in 0..<size where own[index] != name.utf8Start[index] { return false }
        return own[size] == 0
    }

    /// Whether the namespace's URI begins with `prefix`.
    package func isIn(_ prefix: StaticString) -> Bool {
        guard let href = node.pointee.ns?.pointee.href else { return prefix.utf8CodeUnitCount == 0 }
        // The first octet that differs ends it: the closing zero at the latest.
        for index in 0..<prefix.utf8CodeUnitCount where href[index] != prefix.utf8Start[index] { return false }
        return true
    }

    /// The child elements, in order.
    package var children: XMLChildren { XMLChildren(document: document, upcoming: node.pointee.children) }

    package func first(_ name: StaticString) -> XMLElement? {
        var child = node.pointee.children
        while let current = child {
            if current.pointee.type == XML_ELEMENT_NODE {
                let element = XMLElement(document: document, node: current)
                if element.isNamed(name) { return element }
            }
            child = current.pointee.next
        }
        return nil
    }

    /// The first element at the end of a path of names.
    package func first(_ path: StaticString...) -> XMLElement? {
        var here = self
        for name in path {
            guard let next = here.first(name) else { return nil }
            here = next
        }
        return here
    }

    /// All children of that name, in order.
    package func all(_ name: StaticString) -> [XMLElement] { children.filter { $0.isNamed(name) } }

    /// All text below, as written.
    package var text: String {
        if let only = node.pointee.children, only.pointee.next == nil, only.pointee.type == XML_TEXT_NODE,
            let content = only.pointee.content
        {
            return String(cString: content)
        }
        guard let content = xmlNodeGetContent(node) else { return "" }
        defer { cxml_free(content) }
        return String(cString: content)
    }

    /// The text without white space around it; nil when nothing is left.
    package var trimmed: String? {
        if let only = node.pointee.children, only.pointee.next == nil, only.pointee.type == XML_TEXT_NODE,
            let content = only.pointee.content
        {
            return XMLElement.trimmed(content)
        }
        if node.pointee.children == nil { return nil }
        let text = text.trimmingXMLSpace()
        return text.isEmpty ? nil : text
    }

    /// Trims before making the String: most texts of a bulletin are indentation or a few digits.
    private static func trimmed(_ content: UnsafePointer<xmlChar>) -> String? {
        var start = content
        while true {
            // libxml2 ends every content with a zero, which is no space.
            if isSpace(start[0]) { start += 1 } else if isFullWidthSpace(start) { start += 3 } else { break }
        }
        var end = start + Int(xmlStrlen(start))
        while end > start {
            if isSpace(end[-1]) { end -= 1 } else if end - start >= 3, isFullWidthSpace(end - 3) { end -= 3 } else { break }
        }
        guard end > start else { return nil }
        return String(decoding: UnsafeBufferPointer(start: start, count: end - start), as: UTF8.self)
    }

    private static func isSpace(_ octet: UInt8) -> Bool {
        octet == 0x20 || (0x09...0x0D).contains(octet)
    }

    /// U+3000. Stops at the closing zero, so that it never reads past the text.
    private static func isFullWidthSpace(_ octets: UnsafePointer<UInt8>) -> Bool {
        // The closing zero differs from each, and nothing behind it is read.
        octets[0] == 0xE3 && octets[1] == 0x80 && octets[2] == 0x80
    }

    /// The trimmed text at the end of a path; nil when an element is missing or empty.
    package func text(_ path: StaticString...) -> String? {
        var here = self
        for name in path {
            guard let next = here.first(name) else { return nil }
            here = next
        }
        return here.trimmed
    }

    /// An attribute by local name, whatever its namespace.
    package subscript(_ attribute: StaticString) -> String? {
        var property = node.pointee.properties
        while let current = property {
            let own = XMLElement(document: document, node: UnsafeMutableRawPointer(current)
                .assumingMemoryBound(to: xmlNode.self))
            if own.isNamed(attribute) {
                guard let value = xmlNodeListGetString(document.pointer, current.pointee.children, 1) else { return "" }
                defer { cxml_free(value) }
                return String(cString: value)
            }
            property = current.pointee.next
        }
        return nil
    }
}

package struct XMLChildren: Sequence, IteratorProtocol {
    let document: XMLDocument
    var upcoming: xmlNodePtr?

    package mutating func next() -> XMLElement? {
        while let current = upcoming {
            upcoming = current.pointee.next
            if current.pointee.type == XML_ELEMENT_NODE { return XMLElement(document: document, node: current) }
        }
        return nil
    }
}

extension StringProtocol {
    /// White space of XML and the full-width space around Japanese texts.
    package func trimmingXMLSpace() -> String {
        func isSpace(_ character: Character) -> Bool { character.isWhitespace }
        guard let start = firstIndex(where: { !isSpace($0) }), let end = lastIndex(where: { !isSpace($0) })
        else { return "" }
        return String(self[start...end])
    }
}
