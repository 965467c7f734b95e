internal import CXML

/// What a grammar asks of an element beyond its children and its text.
extension XMLElement {
    /// The first attribute that is neither a schema hint (`xsi:…`) nor in `allowed` (local names without namespace).
    func unexpectedAttribute(allowed: Set<String>) -> String? {
        var property = node.pointee.properties
        while let current = property {
            let name = String(cString: current.pointee.name)
            if let href = current.pointee.ns?.pointee.href {
                if String(cString: href) != "http://www.w3.org/2001/XMLSchema-instance" { return name }
            } else if !allowed.contains(name) {
                return name
            }
            property = current.pointee.next
        }
        return nil
    }

    /// Whether characters other than white space stand between the child elements.
    var hasLooseText: Bool {
        var child = node.pointee.children
        while let current = child {
            let type = current.pointee.type
            if type == XML_TEXT_NODE || type == XML_CDATA_SECTION_NODE, let content = current.pointee.content {
                var position = 0
                // libxml2 ends every content with a zero, and this stops there.
                while content[position] != 0 {
                    // Before the closing zero, as the line above says.
                    guard [0x20, 0x09, 0x0A, 0x0D].contains(content[position]) else { return true }
                    position += 1
                }
            }
            child = current.pointee.next
        }
        return false
    }

    var hasChildElements: Bool {
        var children = children
        return children.next() != nil
    }
}
