/// Steps through a document that never leave a namespace by accident: prefixes differ between files, URIs do not.
internal import CXML

extension XMLElement {
    /// Whether the namespace's URI is exactly `uri`.
    package func isIn(exactly uri: StaticString) -> Bool {
        guard isIn(uri) else { return false }
        guard let href = node.pointee.ns?.pointee.href else { return true }
        return href[uri.utf8CodeUnitCount] == 0
    }

    /// Whether both elements are in one namespace.
    package func sharesNamespace(with other: XMLElement) -> Bool {
        // Most often the very same declaration, so that no text is compared.
        if node.pointee.ns == other.node.pointee.ns { return true }
        guard let mine = node.pointee.ns?.pointee.href, let theirs = other.node.pointee.ns?.pointee.href
        else { return false }
        return xmlStrEqual(mine, theirs) == 1
    }

    /// The first child of that name in this element's own namespace.
    package func own(_ name: StaticString) -> XMLElement? {
        for child in children where child.isNamed(name) && child.sharesNamespace(with: self) { return child }
        return nil
    }

    /// The first child of that name in the namespace `uri`.
    package func first(_ name: StaticString, in uri: StaticString) -> XMLElement? {
        for child in children where child.isNamed(name) && child.isIn(exactly: uri) { return child }
        return nil
    }
}
