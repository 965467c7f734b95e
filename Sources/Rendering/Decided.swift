/// What was decided for the town, as the words need it: the finest statements that name it, what of them is in force, what is over.
///
///     local ──▶ finest level ──▶ in force ──▶ gravest ──▶ form, kinds, advice
///                            └─▶ over     ──▶ "… は解除されました"
///
/// What is lifted picks no words, and a prefecture's warning is not told in a district that is only forecast.
import AlertModel
import Meanings

struct Decided {
    let kind: AlertKind
    /// Each with what it means, in the bulletin's order.
    let inForce: [(statement: AreaStatement, meaning: Meaning)]
    let over: [AreaStatement]
    /// Statements that say something, whatever it is.
    private let said: Int

    init(_ content: AlertContent, _ local: [AreaStatement]) {
        kind = content.kind
        let finest = content.kind == .eew ? EarlyWarning.finest(local) : Self.finestForecast(local)
        var inForce: [(AreaStatement, Meaning)] = []
        var over: [AreaStatement] = []
        for statement in finest {
            var meaning = Meaning(statement, of: content.kind)
            if content.kind == .flood, meaning.gravity == nil { meaning = Self.ofRiver(content) ?? meaning }
            switch meaning.state {
            case .inForce: inForce.append((statement, meaning))
            case .over: over.append(statement)
            case .nothing: break
            }
        }
        if content.kind == .volcano { inForce = Self.withVolcano(content, inForce) }
        // CAP says of a place that it is over without a kind: its event is the kind.
        said = finest.filter { $0.kindCode != nil || $0.kindName != nil || $0.saidState == .over }.count
        self.inForce = inForce
        self.over = over
    }

    var gravity: Gravity? { inForce.compactMap(\.meaning.gravity).max() }

    /// Nothing of what is said is in force any more.
    var isLifted: Bool { said > 0 && !over.isEmpty && !inForce.contains { $0.statement.kindCode != nil || $0.statement.kindName != nil } }

    /// What is in force, gravest first; equal ones stay in the bulletin's order.
    var byGravity: [(statement: AreaStatement, meaning: Meaning)] {
        inForce.enumerated().sorted { left, right in
            let (mine, theirs) = (left.element.meaning.gravity ?? .information, right.element.meaning.gravity ?? .information)
            return mine == theirs ? left.offset < right.offset : mine > theirs
        }.map(\.element)
    }

    /// The gravest hazards, each with its step, once.
    var hazards: [(hazard: Hazard, gravity: Gravity)] {
        var found: [(hazard: Hazard, gravity: Gravity)] = []
        for (_, meaning) in byGravity {
            guard let hazard = meaning.hazard, !found.contains(where: { $0.hazard == hazard }) else { continue }
            found.append((hazard, meaning.gravity ?? .advisory))
        }
        return found
    }

    // MARK: Finest, rivers, volcanoes

    /// 京都府, 南部 and 山城中部 of one bulletin are three levels of one thing; the town's own is the finest.
    private static func finestForecast(_ local: [AreaStatement]) -> [AreaStatement] {
        let says = local.filter { $0.kindCode != nil || $0.kindName != nil }
        if says.contains(where: { $0.scheme == .jmaCity }) { return local.filter { $0.scheme != .jmaForecast } }
        guard let finest = says.filter({ $0.scheme == .jmaForecast }).map(\.forecastFineness).max() else { return local }
        return local.filter { $0.scheme != .jmaForecast || $0.forecastFineness == finest }
    }

    /// 浸水想定地区 only lists the place; what happens stands with the river, the gravest of them.
    private static func ofRiver(_ content: AlertContent) -> Meaning? {
        content.areas.filter { $0.scheme == .jmaRiver }.map { Meaning($0, of: .flood) }
            .max { ($0.gravity ?? .information) < ($1.gravity ?? .information) }
    }

    /// 噴火警戒レベル stands with the volcano, not with the municipality.
    private static func withVolcano(
        _ content: AlertContent, _ local: [(AreaStatement, Meaning)]
    ) -> [(AreaStatement, Meaning)] {
        let gravity = local.compactMap(\.1.gravity).max()
        let levels = content.areas.filter { $0.scheme == .jmaVolcano && $0.kindName?.hasPrefix("レベル") == true }
            .map { ($0, Meaning($0, of: .volcano)) }
        let own = levels.filter { levels.count == 1 || $0.1.gravity == gravity }
        return own.isEmpty ? local : own
    }
}

extension AreaStatement {
    /// `040000` 府県予報区 0, `040010` 一次細分区域 1, `040014` 市町村等をまとめた地域 2.
    var forecastFineness: Int {
        let digits = code.utf8.suffix(2)
        return digits.last != 0x30 ? 2 : digits.first != 0x30 ? 1 : 0
    }
}
