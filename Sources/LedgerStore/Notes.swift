/// The notebook in memory, with its keys in order: whoever asks for a town's is not shown everybody's first.
struct Notes: Sendable {
    private(set) var values: [String: [UInt8]]
    /// Made when somebody asks for it, and kept from then on.
    private var order: [String]?

    init(_ values: [String: [UInt8]]) { self.values = values }

    subscript(key: String) -> [UInt8]? {
        get { values[key] }
        set {
            let before = values.updateOrRemove(newValue, at: key)
            guard var order, (before == nil) != (newValue == nil) else { return }
            // Not shared while it is changed.
            self.order = nil
            let place = Self.place(of: key, in: order)
            // In the array, or at its end: found a line above.
            if newValue == nil { order.remove(at: place) } else { order.insert(key, at: place) }
            self.order = order
        }
    }

    /// Sorted.
    mutating func keys(prefix: String) -> [String] {
        let order = order ?? values.keys.sorted()
        self.order = order
        return Array(order.dropFirst(Self.place(of: prefix, in: order)).prefix { $0.hasPrefix(prefix) })
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
