/// Why an alert goes to a far end or not: a closed set, with a stable word for programs and a sentence for people.
package import AlertModel

package enum Reason: Sendable, Hashable {
    // Reasons to send.
    /// The town's area is under an earthquake early warning.
    case earthquakeWarning(area: String)
    case forecastIntensity(Intensity)
    case observedIntensity(Intensity)
    /// No intensity came in from the town though 5-lower or more is likely: it may be the worst hit.
    case intensityMissing
    /// The town's area is under this warning, advisory or forecast.
    case inForce(String, area: String)
    /// Lifted (解除), which is no cancel: it was right while it lasted.
    case lifted(String, area: String)
    /// A kind code or name no rule knows: never dropped.
    case unknownKind(String, area: String)
    /// The town issued it.
    case evacuationLevel(Int)
    /// The order changes the far end's own district.
    case ownDistrict(String)
    /// It changes others; an order stands in the far end's district.
    case districtStands(String)
    /// It concerns others: one quiet line.
    case otherDistrict(String)
    case shelterState
    case headquarters
    case notice
    case townAlert
    /// The bulletin names no area and the town's settings follow this kind all the same.
    case followsWithoutArea
    /// A cancel goes wherever its event went; the ledger knows where.
    case cancelFollowsEvent

    // Reasons to skip.
    case forecastBelowThreshold(Intensity, threshold: Intensity)
    case observedBelowThreshold(Intensity, threshold: Intensity)
    case noIntensity
    /// Its 地方 or 府県 is named because another part of it is warned.
    case elsewhereInRegion
    /// Below what the rules send for this kind.
    case belowThreshold(String)
    case nothingInForce
    case notThisArea
    case otherTown
    /// The bulletin names no area where one is needed; that is never "everywhere".
    case noArea
    /// The first reports of an early warning (VXSE45) may name no area of shaking yet.
    case noShakingArea
    /// The town has no code in the table the bulletin speaks in.
    case noTownCode(AreaScheme)
    case outlineUnknown
    /// The area as written cannot be read as a shape.
    case badShape
    /// The far end's operator sends earthquake early warnings itself.
    case carriersSendEEW
    /// The channel's contract does not allow this subject.
    case notPermittedSubject
    /// The channel wakes everyone and takes nothing this slight.
    case tooSlightForChannel(Priority)
    case noSide(ModeName)
    /// An acknowledgement or error report between systems: not for people.
    case notForPeople

    /// Stable: a change of one is a change of the log's format.
    package var code: String {
        switch self {
        case .earthquakeWarning: "earthquake-warning"
        case .forecastIntensity: "forecast-intensity"
        case .observedIntensity: "observed-intensity"
        case .intensityMissing: "intensity-missing"
        case .inForce: "in-force"
        case .lifted: "lifted"
        case .unknownKind: "unknown-kind"
        case .evacuationLevel: "evacuation-level"
        case .ownDistrict: "own-district"
        case .districtStands: "district-stands"
        case .otherDistrict: "other-district"
        case .shelterState: "shelter-state"
        case .headquarters: "headquarters"
        case .notice: "notice"
        case .townAlert: "town-alert"
        case .followsWithoutArea: "follows-without-area"
        case .cancelFollowsEvent: "cancel-follows-event"
        case .forecastBelowThreshold: "forecast-below-threshold"
        case .observedBelowThreshold: "observed-below-threshold"
        case .noIntensity: "no-intensity"
        case .elsewhereInRegion: "elsewhere-in-region"
        case .belowThreshold: "below-threshold"
        case .nothingInForce: "nothing-in-force"
        case .notThisArea: "not-this-area"
        case .otherTown: "other-town"
        case .noArea, .noShakingArea: "no-area"
        case .noTownCode: "no-town-code"
        case .outlineUnknown: "outline-unknown"
        case .badShape: "bad-shape"
        case .carriersSendEEW: "carriers-send-eew"
        case .notPermittedSubject: "not-permitted-subject"
        case .tooSlightForChannel: "too-slight-for-channel"
        case .noSide: "no-far-end-for-mode"
        case .notForPeople: "not-for-people"
        }
    }
}

extension Reason: CustomStringConvertible {
    package var description: String { english }

    package var english: String {
        switch self {
        case .earthquakeWarning(let area): "Earthquake early warning for \(area)."
        case .forecastIntensity(let step): "Forecast intensity \(step.rawValue): at or above this town's threshold."
        case .observedIntensity(let step): "Intensity \(step.rawValue) was observed in this town."
        case .intensityMissing: "No intensity has come in from this town, where 5-lower or more is likely."
        case .inForce(let kind, let area): "\(kind) is in force for \(area)."
        case .lifted(let kind, let area): "\(kind) is lifted for \(area)."
        case .unknownKind(let kind, let area): "\(kind) for \(area) is in no rule; it is passed on."
        case .evacuationLevel(let level): "This town issued evacuation information of level \(level)."
        case .ownDistrict(let district): "The order changes this far end's own district, \(district)."
        case .districtStands(let district): "The order changes other districts; one stands in \(district): told without waking."
        case .otherDistrict(let district): "The order concerns other districts than \(district): one quiet line."
        case .shelterState: "The state of a shelter of this town changed."
        case .headquarters: "This town's headquarters was set up or dissolved."
        case .notice: "This town issued a notice."
        case .townAlert: "This town issued it."
        case .followsWithoutArea: "It names no area, and this town's settings follow this kind."
        case .cancelFollowsEvent: "The cancel follows the event."
        case .forecastBelowThreshold(let step, let threshold):
            "Forecast intensity \(step.rawValue): below this town's threshold of \(threshold.rawValue)."
        case .observedBelowThreshold(let step, let threshold):
            "Intensity \(step.rawValue): below this town's threshold of \(threshold.rawValue)."
        case .noIntensity: "It gives no intensity for this town's area."
        case .elsewhereInRegion: "Only other parts of this town's region are warned."
        case .belowThreshold(let kind): "\(kind): below what this town sends."
        case .nothingInForce: "Nothing is in force for this town."
        case .notThisArea: "It does not concern this town's area."
        case .otherTown: "Another town issued it."
        case .noArea: "It names no area, which never means everywhere."
        case .noShakingArea: "This early warning does not say yet where it will shake; a later report that does is judged anew."
        case .noTownCode(let scheme): "This town has no \(scheme.rawValue) code in its settings."
        case .outlineUnknown: "It gives an outline, and the town outline is unknown."
        case .badShape: "The area's outline cannot be read."
        case .carriersSendEEW: "The carriers send EEW themselves."
        case .notPermittedSubject: "Not a permitted subject of this channel."
        case .tooSlightForChannel(let priority): "This channel wakes everyone and takes nothing \(priority.word)."
        case .noSide(let mode): "The far end takes no \(mode == .exercise ? "drills" : "real alerts")."
        case .notForPeople: "A message between systems, not for people."
        }
    }

    package var japanese: String {
        switch self {
        case .earthquakeWarning(let area): "\(area)に緊急地震速報（警報）が出ています。"
        case .forecastIntensity(let step): "予測震度\(step.words)は、この市町村の基準以上です。"
        case .observedIntensity(let step): "この市町村で震度\(step.words)を観測しました。"
        case .intensityMissing: "震度５弱以上と推定されますが、この市町村の震度が届いていません。"
        case .inForce(let kind, let area): "\(area)に\(kind)が出ています。"
        case .lifted(let kind, let area): "\(area)の\(kind)は解除されました。"
        case .unknownKind(let kind, let area): "\(area)の\(kind)は規則にない種類なので、そのまま伝えます。"
        case .evacuationLevel(let level): "この市町村が警戒レベル\(level)の避難情報を出しました。"
        case .ownDistrict(let district): "この送り先の地区（\(district)）が対象です。"
        case .districtStands(let district): "ほかの地区の変更です。\(district)の避難情報は続いているため、鳴らさずに伝えます。"
        case .otherDistrict(let district): "ほかの地区が対象です。\(district)には1行で静かに伝えます。"
        case .shelterState: "この市町村の避難所の状況が変わりました。"
        case .headquarters: "この市町村の災害対策本部の設置・廃止です。"
        case .notice: "この市町村のお知らせです。"
        case .townAlert: "この市町村が出した情報です。"
        case .followsWithoutArea: "地域の指定はありませんが、この市町村は受け取る設定です。"
        case .cancelFollowsEvent: "取り消しは、もとの情報を伝えた先すべてに伝えます。"
        case .forecastBelowThreshold(let step, let threshold):
            "予測震度\(step.words)は、この市町村の基準（震度\(threshold.words)）に達しません。"
        case .observedBelowThreshold(let step, let threshold):
            "震度\(step.words)は、この市町村の基準（震度\(threshold.words)）に達しません。"
        case .noIntensity: "この市町村の区域の震度がありません。"
        case .elsewhereInRegion: "警報は同じ地方のほかの区域だけです。この市町村の区域は対象外です。"
        case .belowThreshold(let kind): "\(kind)は、この市町村の基準に達しません。"
        case .nothingInForce: "この市町村に出ている警報・注意報はありません。"
        case .notThisArea: "この市町村の区域は対象外です。"
        case .otherTown: "ほかの市町村が出した情報です。"
        case .noShakingArea: "この緊急地震速報は、どこが揺れるかをまだ示していません。続報で示されれば、あらためて判断します。"
        case .noArea: "地域の指定がありません。指定がない情報を全域には送りません。"
        case .noTownCode(let scheme): "この市町村の設定に\(scheme.rawValue)の区域コードがありません。"
        case .outlineUnknown: "地域が図形で示されていますが、この市町村の輪郭がわかりません。"
        case .badShape: "地域の図形を読み取れません。"
        case .carriersSendEEW: "緊急地震速報は携帯電話会社が配信します。"
        case .notPermittedSubject: "この配信先では認められていない種類の情報です。"
        case .tooSlightForChannel: "全員に鳴り響く配信先には送らない程度の情報です。"
        case .noSide(let mode): mode == .exercise ? "この配信先は訓練を受け取りません。" : "この配信先は本番の情報を受け取りません。"
        case .notForPeople: "システム間の連絡で、住民向けではありません。"
        }
    }
}
