/// One alert's areas, sorted so that a town finds its own without reading the rest: built once, asked 1,741 times.
import AlertModel

struct AreaIndex {
    /// Weather bulletins name one warning at up to four levels, from the prefecture down to the municipality. Only
    /// the finest level a bulletin uses decides: its prefecture is listed when a single town of it is hit.
    enum Fineness: Int, Comparable {
        case prefecture, district, group
        static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

        /// `040000` 府県予報区, `040010` 一次細分区域, `040014` 市町村等をまとめた地域.
        init(forecastCode code: String) {
            let digits = code.utf8.suffix(2)
            self = digits.last != 0x30 ? .group : digits.first != 0x30 ? .district : .prefecture
        }
    }

    let statements: [AreaStatement]
    private var places: [AreaScheme: [String: [Int]]] = [:]
    /// 府県 and 全国 codes of local governments, by their first two digits.
    private var prefectures: [String: [Int]] = [:]
    /// Indices of statements that are shapes, with the shape, or nil where it cannot be read.
    private(set) var shapes: [(index: Int, shape: Shape?)] = []

    init(_ statements: [AreaStatement]) {
        self.statements = statements
        let finest = Self.finest(of: statements)
        for (index, statement) in statements.enumerated() {
            switch statement.scheme {
            case .polygon: shapes.append((index, try? Shape(polygon: statement.code)))
            case .circle: shapes.append((index, try? Shape(circle: statement.code)))
            case .jmaCity:
                // By municipality: `0420500`, and the parts `…01`, `…02` that a few are divided into.
                places[.jmaCity, default: [:]][statement.code, default: []].append(index)
                places[.jmaCity, default: [:]][String(statement.code.prefix(5)), default: []].append(index)
            case .localGovernment: addLocalGovernment(statement.code, index)
            case .jmaForecast:
                if let finest, Fineness(forecastCode: statement.code) == finest {
                    places[.jmaForecast, default: [:]][statement.code, default: []].append(index)
                }
            default: places[statement.scheme, default: [:]][statement.code, default: []].append(index)
            }
        }
    }

    /// Nil when municipalities are named: then no larger area counts. One that is only measured in (約１００ミリ of a 防災速報 for
    /// a whole region) narrows nothing.
    private static func finest(of statements: [AreaStatement]) -> Fineness? {
        var finest: Fineness?
        let saysKinds = statements.contains { $0.scheme == .jmaForecast && ($0.kindCode ?? $0.kindName) != nil }
        for statement in statements {
            if statement.scheme == .jmaCity, !saysKinds || (statement.kindCode ?? statement.kindName) != nil { return nil }
            if statement.scheme == .jmaForecast {
                let own = Fineness(forecastCode: statement.code)
                finest = max(finest ?? own, own)
            }
        }
        return finest
    }

    private mutating func addLocalGovernment(_ code: String, _ index: Int) {
        let octets = Array(code.utf8)
        let isPrefecture = octets.count == 2 || (octets.count >= 5 && octets[2...4].allSatisfy { $0 == 0x30 })
        if isPrefecture {
            prefectures[String(code.prefix(2)), default: []].append(index)
        } else {
            places[.localGovernment, default: [:]][code, default: []].append(index)
        }
    }

    /// False where there is no area at all, or only what is none: an information number, a station off shore.
    var speaksOfPlaces: Bool { statements.contains { $0.scheme != .other } }
    func speaks(_ scheme: AreaScheme) -> Bool { places[scheme] != nil }

    /// All statements that name a place the town lies in by code, in the bulletin's order.
    func hits(_ town: Town) -> [Int] {
        var found: [Int] = []
        var lists = 0
        func take(_ indices: [Int]?) {
            guard let indices else { return }
            found += indices
            lists += 1
        }
        for (scheme, byCode) in places {
            if scheme == .jmaCity { take(byCode[town.id.jis]) }
            if scheme == .localGovernment {
                take(byCode[town.id.code])
                take(byCode[town.id.jis])
            }
            // The five digits have found the town's own codes already.
            for code in town.areas[scheme] ?? [] where scheme != .jmaCity || !code.hasPrefix(town.id.jis) {
                take(byCode[code])
            }
        }
        if !prefectures.isEmpty { take(prefectures[String(town.id.code.prefix(2))]) }
        return lists < 2 ? found : Array(Set(found)).sorted()
    }

    subscript(_ indices: [Int]) -> [AreaStatement] { indices.map { statements[$0] } }
}
