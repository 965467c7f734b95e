/// What threatens people, as far as it asks for advice of its own. Raw values are the keys of the words: `advice.heavy-rain.3`.
package enum Hazard: String, Sendable, CaseIterable {
    case heavyRain = "heavy-rain"
    case landslide
    case stormSurge = "storm-surge"
    case flood
    case storm, waves, snow, thunder, fog, cold, frost, icing, avalanche, heat, tide, tornado, typhoon, smog
    case snowStorm = "snow-storm"
    case snowMelt = "snow-melt"
    case dryAir = "dry-air"
    case wetSnow = "wet-snow"
    /// 線状降水帯: the rain that has stayed where it fell.
    case rainBand = "rain-band"
    case other

    /// Whether the warning level (警戒レベル) is counted in this hazard: flood, landslide, storm surge, heavy rain.
    package var hasLevels: Bool {
        switch self {
        case .heavyRain, .landslide, .stormSurge, .flood: true
        default: false
        }
    }

    /// By what a name of a warning says; the first word that fits.
    package init?(named name: String) {
        guard let match = Self.words.first(where: { name.contains($0.0) }) else { return nil }
        self = match.1
    }

    private static let words: [(String, Hazard)] = [
        ("線状降水帯", .rainBand), ("土砂", .landslide), ("土石流", .landslide), ("地すべり", .landslide), ("高潮", .stormSurge),
        ("氾濫", .flood), ("洪水", .flood), ("浸水", .flood), ("竜巻", .tornado), ("突風", .tornado), ("台風", .typhoon),
        ("暴風雪", .snowStorm), ("風雪", .snowStorm), ("吹雪", .snowStorm), ("大雨", .heavyRain), ("記録雨", .heavyRain),
        ("暴風", .storm), ("強風", .storm), ("波浪", .waves), ("高波", .waves), ("うねり", .waves), ("着雪", .wetSnow), ("融雪", .snowMelt),
        ("大雪", .snow), ("着氷", .icing), ("なだれ", .avalanche), ("雪崩", .avalanche), ("雷", .thunder), ("ひょう", .thunder),
        ("濃霧", .fog), ("乾燥", .dryAir), ("少雨", .dryAir), ("低温", .cold), ("霜", .frost), ("熱中症", .heat), ("高温", .heat), ("猛暑", .heat),
        ("大潮", .tide), ("潮位", .tide), ("副振動", .tide), ("異常潮", .tide), ("海面", .tide), ("スモッグ", .smog),
    ]
}
