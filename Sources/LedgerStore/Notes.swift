/// The notebook in memory, with its keys in order: whoever asks for a town's is not shown everybody's first.
///
/// The order is kept of each shelf, which is what stands before a key's first slash. A country's stream has tens of thousands of keys, and
/// none of the others waits for these to be moved.
package struct Notes: Sendable {
    package private(set) var values: [String: [UInt8]]
    /// Of shelves somebody has asked for, and kept from then on.
    private var shelves: [String: [String]] = [:]
    /// Larger ones are put in order for who asks, and that is a start.
    private static let longestShelf = 4096

    package init(_ values: [String: [UInt8]]) { self.values = values }

    package subscript(key: String) -> [UInt8]? {
        get { values[key] }
        set {
            let before = values.updateOrRemove(newValue, at: key)
            guard (before == nil) != (newValue == nil), let name = Self.shelf(of: key), var keys = shelves.removeValue(forKey: name) else { return }
            // Taken out above: not shared while it is changed.
            let place = Self.place(of: key, in: keys)
            // In the array, or at its end: found a line above.
            if newValue == nil { keys.remove(at: place) } else { keys.insert(key, at: place) }
            if keys.count <= Self.longestShelf { shelves[name] = keys }
        }
    }

    /// Sorted.
    package mutating func keys(prefix: String) -> [String] {
        guard let name = Self.shelf(of: prefix) else { return values.keys.filter { $0.hasPrefix(prefix) }.sorted() }
        let keys = shelves[name] ?? values.keys.filter { $0.hasPrefix(name) }.sorted()
        if keys.count <= Self.longestShelf { shelves[name] = keys }
        return Array(keys.dropFirst(Self.place(of: prefix, in: keys)).prefix { $0.hasPrefix(prefix) })
    }

    /// With its slash; nil where the key has none.
    private static func shelf(of key: String) -> String? {
        key.utf8.firstIndex(of: UInt8(ascii: "/")).map { String(key[...$0]) }
    }

    /// Of the first that is not before it.
    private static func place(of key: String, in order: [String]) -> Int {
        var low = 0, high = order.count
        while low < high {
            let middle = (low + high) / 2
            // Between two places that are in the array.
            if order[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Dictionary {
    /// What was there.
    fileprivate mutating func updateOrRemove(_ value: Value?, at key: Key) -> Value? {
        if let value { updateValue(value, forKey: key) } else { removeValue(forKey: key) }
    }
}
