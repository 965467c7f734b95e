/// What one statement of a bulletin means in a place: which hazard, how grave, or that it is over. From codes, and from names where
/// a code is new. Said here and nowhere else: what is decided, what is told and how bad it is called must not differ.
///
///     statement ──▶ Meaning(hazard, gravity, state) ──▶ targeting, gravity, stories, words
///
/// Source: JMA 個別コード表 2026-07 (WeatherWarning, SoilWarning, VolcanicWarning, TsunamiWarning), 指定河川洪水予報 of VXKO.
package import AlertModel

package struct Meaning: Sendable, Hashable {
    package enum State: Sendable, Hashable {
        case inForce
        /// It was right and is over (解除), or was lowered to what asks for nothing.
        case over
        /// 「発表警報・注意報はなし」: a place that is named because nothing is said of it.
        case nothing
    }

    package var hazard: Hazard?
    /// Nil where neither code nor name says it.
    package var gravity: Gravity?
    package var state: State

    package var isInForce: Bool { state == .inForce }
    /// 警戒レベル, where the hazard counts in levels.
    package var level: Int? {
        guard isInForce, hazard?.hasLevels == true, let gravity, gravity >= .advisory else { return nil }
        return gravity.rawValue
    }

    package init(_ statement: AreaStatement, of kind: AlertKind) {
        let name = statement.kindName ?? ""
        let number = statement.kindCode.flatMap { Int($0) }
        state = Self.state(of: statement, name, number, kind)
        hazard = nil
        gravity = nil
        switch kind {
        case .weather: readWeather(name, number)
        case .landslide: readLandslide(name, number)
        case .flood: readFlood(name, number)
        case .tsunami: gravity = Self.tsunami(number) ?? Self.gravity(named: name)
        case .volcano: gravity = number.flatMap { Self.volcano[$0] } ?? (Self.isVolcanicLevel(name) ? nil : Self.gravity(named: name))
        case .nankai: gravity = NankaiKeyword(statement)?.gravity
        case .tornado: hazard = .tornado
        case .heavyRainRecord: hazard = .heavyRain
        case .missile: gravity = .emergency
        default: gravity = Self.gravity(named: name)
        }
    }

    private static func state(of statement: AreaStatement, _ name: String, _ number: Int?, _ kind: AlertKind) -> State {
        if let said = statement.saidState { return said }
        switch (kind, number) {
        case (.tsunami, 0), (.tsunami, 50), (.tsunami, 60), (.tsunami, 72), (.tsunami, 73): return .over
        case (.weather, 0), (.landslide, 1), (.flood, 10), (.volcano, 4), (.volcano, 32): return .over
        case (.landslide, 0), (.tornado, 0), (.heavyRainRecord, 0): return .nothing
        case (_, nil): return name.contains("解除") ? .over : .inForce
        default: return name == "解除" ? .over : .inForce
        }
    }

    private mutating func readWeather(_ name: String, _ number: Int?) {
        if name.contains("土砂災害警戒情報") {
            (hazard, gravity) = (.landslide, .danger)
        } else if let known = number.flatMap({ Self.weather[$0] }) {
            (hazard, gravity) = known
        } else {
            hazard = Hazard(named: name)
            gravity = Self.gravity(named: name)
        }
    }

    /// SoilWarning 3 is 土砂災害警戒情報, WeatherWarning 3 a 大雨警報; 9, 29, 39 and 49 are landslides in either.
    private mutating func readLandslide(_ name: String, _ number: Int?) {
        hazard = .landslide
        gravity = number == 3 ? .danger : number.flatMap { Self.weather[$0]?.1 } ?? Self.gravity(named: name)
    }

    /// Tens of the river's code: 2 注意, 3 警戒, 4 危険, 5 発生. 浸水想定地区 (1, 2) say nothing of their own.
    private mutating func readFlood(_ name: String, _ number: Int?) {
        hazard = .flood
        if let number, (20..<60).contains(number) { gravity = Gravity(level: number / 10) }
        gravity = gravity ?? Self.flood.first { name.contains($0.0) }?.1 ?? Self.gravity(named: name)
    }
}

extension AreaStatement {
    /// What its status says by itself; nil where the code or the name has to.
    package var saidState: Meaning.State? {
        guard let status else { return nil }
        if status.contains("解除") { return .over }
        return status.hasSuffix("なし") && kindCode == nil ? .nothing : nil
    }
}

// MARK: Tables

extension Meaning {
    /// Names that say their level, since 2026-05-28, and those that always meant one.
    package static func gravity(named name: String) -> Gravity? {
        var name = name
        return name.withUTF8 { name in named.first { words, _ in words.contains { $0.isIn(name) } }?.1 }
    }

    /// A word as octets: this is asked some twenty times for each town and language of a warning, and looking for letters took
    /// a fifth of the time between a warning and its offers (perf, 2026-11-29).
    private struct Word: ExpressibleByStringLiteral {
        private let octets: [UInt8]
        init(stringLiteral text: String) { octets = Array(text.utf8) }

        func isIn(_ name: UnsafeBufferPointer<UInt8>) -> Bool {
            var rest = name[...]
            while let place = rest.firstIndex(where: { $0 == octets.first }) {
                rest = rest[place...]
                if rest.starts(with: octets) { return true }
                rest = rest.dropFirst()
            }
            return false
        }
    }

    private static let named: [([Word], Gravity)] = [
        (["ミサイル", "空襲", "核兵器", "レベル５", "特別警報", "大津波", "氾濫発生"], .emergency),
        (["レベル４", "危険警報", "土砂災害警戒情報", "氾濫危険", "線状降水帯発生", "線状降水帯直前予測", "津波警報"], .danger),
        (["レベル３", "氾濫警戒", "警報", "短時間大雪", "津波注意報"], .warning),
        (["レベル２", "氾濫注意", "注意報"], .advisory),
    ]

    private static let flood: [(String, Gravity)] = [
        ("氾濫発生", .emergency), ("氾濫危険", .danger), ("氾濫警戒", .warning), ("氾濫注意", .advisory),
    ]

    /// レベル５（避難） is the volcano's own scale (噴火警戒レベル).
    private static func isVolcanicLevel(_ name: String) -> Bool { name.contains("噴火警戒") }

    private static func tsunami(_ number: Int?) -> Gravity? {
        switch number {
        case 52, 53: .emergency
        case 51: .danger
        case 62: .warning
        case 71: .advisory
        default: nil
        }
    }

    /// JMA 個別コード表 WeatherWarning. 大雨警報 and レベル３大雨警報 have one code.
    package static let weather: [Int: (Hazard, Gravity)] = [
        10: (.heavyRain, .advisory), 3: (.heavyRain, .warning), 43: (.heavyRain, .danger), 33: (.heavyRain, .emergency),
        29: (.landslide, .advisory), 9: (.landslide, .warning), 49: (.landslide, .danger), 39: (.landslide, .emergency),
        19: (.stormSurge, .advisory), 8: (.stormSurge, .warning), 48: (.stormSurge, .danger), 38: (.stormSurge, .emergency),
        15: (.storm, .advisory), 5: (.storm, .warning), 35: (.storm, .emergency),
        13: (.snowStorm, .advisory), 2: (.snowStorm, .warning), 32: (.snowStorm, .emergency),
        16: (.waves, .advisory), 7: (.waves, .warning), 37: (.waves, .emergency),
        12: (.snow, .advisory), 6: (.snow, .warning), 36: (.snow, .emergency),
        18: (.flood, .advisory), 4: (.flood, .warning),
        14: (.thunder, .advisory), 17: (.snowMelt, .advisory), 20: (.fog, .advisory), 21: (.dryAir, .advisory),
        22: (.avalanche, .advisory), 23: (.cold, .advisory), 24: (.frost, .advisory), 25: (.icing, .advisory),
        26: (.wetSnow, .advisory), 27: (.other, .advisory),
    ]

    /// VolcanicWarning 51…65: it has erupted, or has thrown or sent down something.
    package static func isEruption(_ statement: AreaStatement) -> Bool {
        statement.kindCode.flatMap { Int($0) }.map { (51...65).contains($0) } ?? false
    }

    /// What a code means by itself, without a name or a status.
    package init(code: Int, of kind: AlertKind) {
        self.init(AreaStatement(scheme: .jmaForecast, code: "", kindCode: "\(code)"), of: kind)
    }

    /// 噴火警戒レベル 11…15, its words for volcanoes without level 21…25, VolcanicWarning 1, 2, 41…49.
    private static let volcano: [Int: Gravity] = [
        1: .danger, 2: .warning, 5: .information, 11: .information, 12: .advisory, 13: .warning, 14: .danger, 15: .emergency,
        21: .information, 22: .advisory, 23: .warning, 24: .danger, 25: .emergency, 36: .advisory,
        41: .emergency, 42: .warning, 43: .warning, 44: .warning, 45: .information, 46: .emergency, 47: .danger, 48: .warning,
        49: .advisory,
    ]
}
