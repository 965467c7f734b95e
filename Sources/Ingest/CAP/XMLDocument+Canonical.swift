/// Canonical XML of a document or a part of it, by libxml2, from the tree that was parsed from the received octets.
internal import CXML

/// One of the canonical forms of XML a signature may name.
struct CanonicalForm: Equatable {
    enum Rules { case inclusive10, inclusive11, exclusive }
    var rules: Rules
    var keepsComments: Bool
    /// Exclusive only: prefixes treated as the inclusive form does (`ec:InclusiveNamespaces`, `#default` among them).
    var inclusivePrefixes: [String] = []

    /// Nil for what is no canonicalisation known here.
    init?(algorithm: String, inclusivePrefixes: [String] = []) {
        switch algorithm {
        case "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": self.init(.inclusive10, false)
        case "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments": self.init(.inclusive10, true)
        case "http://www.w3.org/2006/12/xml-c14n11": self.init(.inclusive11, false)
        case "http://www.w3.org/2006/12/xml-c14n11#WithComments": self.init(.inclusive11, true)
        case "http://www.w3.org/2001/10/xml-exc-c14n#": self.init(.exclusive, false)
        case "http://www.w3.org/2001/10/xml-exc-c14n#WithComments": self.init(.exclusive, true)
        default: return nil
        }
        self.inclusivePrefixes = inclusivePrefixes
    }

    init(_ rules: Rules, _ keepsComments: Bool) {
        self.rules = rules
        self.keepsComments = keepsComments
    }
}

extension XMLDocument {
    /// What of the tree is written: all below `apex` (the whole document without one), but not `excluded`.
    private struct Selection {
        var apex: xmlNodePtr?
        var excluded: xmlNodePtr?
        /// White space between elements is left out.
        var isCompact: Bool

        func shows(_ node: xmlNodePtr, _ parent: xmlNodePtr?) -> Bool {
            if isCompact, isIndentation(node) { return false }
            // Attributes and namespaces stand or fall with their element; a namespace node has no parent of its own.
            let belongsToElement = node.pointee.type == XML_ATTRIBUTE_NODE || node.pointee.type == XML_NAMESPACE_DECL
            var climber: xmlNodePtr? = belongsToElement ? parent : node
            while let current = climber {
                if current == excluded { return false }
                if current == apex { return true }
                climber = current.pointee.parent
            }
            return apex == nil
        }

        private func isIndentation(_ node: xmlNodePtr) -> Bool {
            guard node.pointee.type == XML_TEXT_NODE, xmlIsBlankNode(node) == 1 else { return false }
            return node.pointee.parent.map { xmlFirstElementChild($0) != nil } ?? false
        }
    }

    /// Nil when libxml2 cannot write it (relative namespace URIs, no memory).
    func canonical(
        _ form: CanonicalForm, of apex: XMLElement? = nil, without excluded: XMLElement? = nil, isCompact: Bool = false
    ) -> [UInt8]? {
        guard let buffer = xmlAllocOutputBuffer(nil) else { return nil }
        defer { xmlOutputBufferClose(buffer) }
        var selection = Selection(apex: apex?.node, excluded: excluded?.node, isCompact: isCompact)
        let mode: xmlC14NMode =
            switch form.rules {
            case .inclusive10: XML_C14N_1_0
            case .inclusive11: XML_C14N_1_1
            case .exclusive: XML_C14N_EXCLUSIVE_1_0
            }
        let written = withPrefixes(form.inclusivePrefixes) { prefixes in
            withUnsafeMutablePointer(to: &selection) { selection in
                xmlC14NExecute(
                    pointer,
                    { context, node, parent in
                        guard let context, let node else { return 0 }
                        return context.assumingMemoryBound(to: Selection.self).pointee.shows(node, parent) ? 1 : 0
                    },
                    // One of the three modes of libxml2, 0 to 2.
                    selection, Int32(mode.rawValue), prefixes, form.keepsComments ? 1 : 0, buffer)
            }
        }
        guard written >= 0, xmlOutputBufferFlush(buffer) >= 0, let content = xmlOutputBufferGetContent(buffer) else {
            return nil
        }
        return Array(UnsafeBufferPointer(start: content, count: xmlOutputBufferGetSize(buffer)))
    }

    /// A C array of C strings, ended by nil; nil for none.
    private func withPrefixes<Value>(
        _ prefixes: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<xmlChar>?>?) -> Value
    ) -> Value {
        guard !prefixes.isEmpty else { return body(nil) }
        var copies = prefixes.map { xmlStrdup(Array($0.utf8) + [0]) }
        copies.append(nil)
        defer { for copy in copies { if let copy { cxml_free(copy) } } }
        return copies.withUnsafeMutableBufferPointer { body($0.baseAddress) }
    }

    /// Namespace declarations in the whole tree: canonicalisation grows with their square.
    var namespaceDeclarations: Int {
        var count = 0
        var waiting: [xmlNodePtr] = [xmlDocGetRootElement(pointer)].compactMap { $0 }
        while let node = waiting.popLast() {
            guard node.pointee.type == XML_ELEMENT_NODE else { continue }
            var declaration = node.pointee.nsDef
            while let current = declaration {
                count += 1
                declaration = current.pointee.next
            }
            var child = node.pointee.children
            while let current = child {
                waiting.append(current)
                child = current.pointee.next
            }
        }
        return count
    }
}
