/// Every name a template may use. A name that is not here is refused when the templates are read; a fact that is not
/// there when a text needs it is refused when the text is rendered. Nothing becomes a blank.
package enum FactName: String, Sendable, CaseIterable, Hashable {
    // Always there.
    /// Who says it: 気象庁, 気仙沼市.
    case sender
    case town
    /// The areas hit by name, up to three; the town where none has a name.
    case place
    /// 3月11日, when it was announced, in Japan.
    case date
    /// 14時46分.
    case time
    case title
    /// What a cancel takes back: 緊急地震速報.
    case cancelled

    // There when the alert says so.
    /// Of a cancel: when we told what it takes back, 14時46分.
    case since
    case headline
    /// The first kind in force for the town: 大津波警報.
    case kind
    /// All of them, joined.
    case kinds
    /// More than one kind is in force.
    case more
    /// The one thing to do, short enough for a title: 危険な場所から全員避難.
    case act
    /// What to do against each hazard in force, a line each.
    case advice
    /// What this bulletin ends of several things: 大雨特別警報.
    case liftedKinds = "lifted_kinds"
    /// What was switched into the kind in force (切替): 大津波警報.
    case before
    /// What it was switched into: 津波注意報.
    case after
    /// The level a name without one stands for (警戒レベル5相当).
    case equalLevel = "equal_level"
    /// The place named is wider than the town, which lies in it.
    case region
    /// 市役所, 町役場, 村役場, 区役所.
    case authority
    /// Of an information with a keyword behind its name: 巨大地震警戒.
    case keyword
    /// When the ground shook or the mountain broke out: 14時46分.
    case happened
    /// Until when it holds, where the bulletin says so: 14時30分.
    case until
    /// JMA's own sentences about it, a line each: この地震による津波の心配はありません。
    case remarks
    /// A place where 5-lower or more is likely has not reported.
    case silent
    /// 長周期地震動階級 3.
    case longPeriod = "long_period"
    /// The highest tsunami seen so far: ０．３ｍ.
    case observed
    /// Warning level (警戒レベル), 2 to 5.
    case level
    /// 避難指示.
    case levelName = "level_name"
    case hazard
    /// The order is for a tsunami: the way is up and away from the sea, for everybody.
    case tsunami
    case districts
    /// Of an act that changes an order: the level's name before it (避難指示).
    case was
    /// What stands of this hazard after the act: 中央地区の避難指示. Of a shelter or a headquarters what it is again.
    case standing
    /// The same without the districts the act is about.
    case remaining
    /// Districts among the remaining where lives must be saved at once (level 5), of an order that is not so grave: 大島地区.
    case emergency
    /// What stands of other hazards.
    case others
    /// What becomes of the districts an act changes: 大島地区は高齢者等避難、大谷地区は解除.
    case changes
    /// The far end's own district, where the order stands on unchanged.
    case district
    case reason
    /// ６弱, the highest of the town.
    case intensity
    case hypocentre
    /// Ｍ７．９; never of an early warning or of an assumed hypocentre.
    case magnitude
    case depth
    /// ６ｍ, 巨大.
    case height
    /// 15時10分; with its day where that is another one.
    case arrival
    /// A tsunami is there already (津波到達中と推測, 第１波の到達を確認).
    case arrived
    /// ただちに津波来襲と予測.
    case imminent
    case river
    case volcano
    /// Shelters to go to: those the order names, else all that are open.
    case shelters
    /// The first three by name.
    case shelterNames = "shelter_names"
    /// The shelter a shelter notice speaks of.
    case shelter
    case address
    case note
    /// 災害対策本部, of its being set up or dissolved.
    case headquarters
    /// A notice's title and text.
    case subject, text

    // Of one shelter, inside the section `shelters`.
    case name
    case isFull = "full"
    case isLast = "last"

    enum Form {
        case text, flag, list
    }

    var form: Form {
        switch self {
        case .more, .region, .silent, .arrived, .imminent, .tsunami, .isFull, .isLast: .flag
        case .shelters: .list
        default: .text
        }
    }

    /// Whether the name means something at this place of a template.
    func isKnown(insideList: Bool) -> Bool {
        switch self {
        case .name, .isFull, .isLast: insideList
        default: true
        }
    }
}
