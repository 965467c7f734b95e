package import AlertModel

/// Under which codes bulletins speak of one municipality.
///
/// A designated city has the areas of all its wards; a ward has its own seismic area and the city's weather areas,
/// both parts where the city is split (仙台市東部, 仙台市西部), because no table says which ward lies in which.
package struct TownAreas: Sendable, Hashable, Identifiable {
    package let id: TownID
    /// `気仙沼市`, `仙台市青葉区`.
    package let name: String
    /// `宮城県`.
    package let prefecture: String
    /// Hiragana; nil for 色丹村.
    package let kana: String?
    /// The designated city (政令指定都市) of a ward.
    package let parent: TownID?
    /// 市町村等, 7 digits, own code first; then parts for weather warnings, wards, and for a ward its city.
    package let cityCodes: [String]
    /// 地震情報／細分区域, 3 digits. Usually one; none for 色丹村.
    package let seismic: [String]
    /// 市町村等をまとめた地域, 一次細分区域, 府県予報区, and what is composed of them; 6 digits.
    package let forecast: [String]
    /// 緊急地震速報 府県予報区 (9xxx), then 地方予報区 (99xx).
    package let eew: [String]
    /// 津波予報区 (3 digits) on the coast of the prefecture. Which one is the town's is in no table of JMA and has to
    /// be said in the town's settings; an inland town of a coastal prefecture has candidates too.
    package let tsunamiCandidates: [String]

    /// The codes of one scheme; for `lg` the town, its city and its prefecture (`040002`).
    /// Tsunami is left out: candidates are no answer.
    package func codes(_ scheme: AreaScheme) -> [String] {
        switch scheme {
        case .jmaCity: cityCodes
        case .jmaSeismic: seismic
        case .jmaForecast: forecast
        case .jmaEEW: eew
        case .localGovernment: [id.code] + (parent.map { [$0.code] } ?? []) + [prefectureCode]
        case .jmaTsunami, .jmaRiver, .jmaVolcano, .polygon, .circle, .other: []
        }
    }

    /// The prefecture's local government code.
    package var prefectureCode: String {
        let stem = id.code.prefix(2) + "000"
        return (0...9).lazy.map { "\(stem)\($0)" }.first { TownID($0) != nil } ?? String(stem)
    }
}
