/// What a bulletin says about places, gathered from headline and body without saying one thing twice.
internal import AlertModel

struct JMAStatements {
    /// Every municipality with a dozen kinds; the largest bulletin known says 1,454 things.
    static let limit = 30_000
    /// Of one place; the most seen is nine.
    static let limitOfPlace = 200

    private(set) var list: [AreaStatement] = []
    /// Kinds times areas of a hostile bulletin would fill the memory: from here on nothing is taken any more.
    private(set) var isOverfull = false
    /// The place's first statement, and from each statement to the place's next one: a bulletin with a thousand
    /// cities must not be searched a thousand times.
    private var firstOfPlace: [Place: Int] = [:]
    private var following: [Int?] = []

    private struct Place: Hashable {
        var scheme: AreaScheme
        var code: String
    }

    func knows(_ scheme: AreaScheme, _ code: String) -> Bool {
        firstOfPlace[Place(scheme: scheme, code: code)] != nil
    }

    /// Joins `statement` to one of the same place and kind that does not contradict it, or appends it.
    mutating func add(_ statement: AreaStatement) {
        guard list.count < JMAStatements.limit else { return isOverfull = true }
        let place = Place(scheme: statement.scheme, code: statement.code)
        guard var index = firstOfPlace[place] else {
            // A dictionary: any place is a key of it.
            firstOfPlace[place] = list.count
            append(statement)
            return
        }
        // A limit of ours, which is above nothing.
        for _ in 0..<JMAStatements.limitOfPlace {
            // Both tables hold places in the list, which only grows.
            if JMAStatements.agree(list[index], statement) {
                // Both tables hold places in the list, which only grows.
                JMAStatements.complete(&list[index], from: statement)
                return
            }
            guard let next = following[index] else {
                // A dictionary: any number is a key of it.
                following[index] = list.count
                append(statement)
                return
            }
            index = next
        }
        isOverfull = true
    }

    /// Tells every statement about a place something more; false when the place was not spoken of.
    mutating func update(_ scheme: AreaScheme, _ code: String, _ change: (inout AreaStatement) -> Void) -> Bool {
        var index = firstOfPlace[Place(scheme: scheme, code: code)]
        guard index != nil else { return false }
        while let here = index {
            change(&list[here])
            index = following[here]
        }
        return true
    }

    private mutating func append(_ statement: AreaStatement) {
        list.append(statement)
        following.append(nil)
    }

    private static func agree(_ one: AreaStatement, _ other: AreaStatement) -> Bool {
        func fits(_ left: String?, _ right: String?) -> Bool { left == nil || right == nil || left == right }
        return one.kindCode == other.kindCode && one.codeType == other.codeType
            && (one.kindCode != nil || fits(one.kindName, other.kindName))
            && fits(one.status, other.status) && fits(one.value, other.value) && fits(one.arrival, other.arrival)
    }

    private static func complete(_ one: inout AreaStatement, from other: AreaStatement) {
        one.name = one.name ?? other.name
        one.kindName = one.kindName ?? other.kindName
        one.status = one.status ?? other.status
        one.value = one.value ?? other.value
        one.arrival = one.arrival ?? other.arrival
        one.lower = one.lower ?? other.lower
        one.isOrMore = one.isOrMore ?? other.isOrMore
        one.lastKind = one.lastKind ?? other.lastKind
    }
}
