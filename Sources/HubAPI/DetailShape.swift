internal import AlertModel

/// What is particular to an operator's alert, in the interface's words: `kind` says which of the fields are there.
///
/// The ledger has a form of its own, which nobody outside reads and which therefore does not change.
enum DetailShape: Encodable, Equatable {
    case evacuation(EvacuationOrder)
    case shelter(ShelterNotice)
    case headquarters(Headquarters)
    case notice(Notice)

    /// Nil for what came by bulletin.
    init?(_ detail: Detail) {
        switch detail {
        case .none: return nil
        case .evacuation(let order): self = .evacuation(order)
        case .shelter(let notice): self = .shelter(notice)
        case .headquarters(let seat): self = .headquarters(seat)
        case .notice(let notice): self = .notice(notice)
        }
    }

    private enum CodingKeys: String, CodingKey {
        case kind
        case level, levelName = "level_name", hazard, districts, reason, shelters, lifted
        case shelter, name, address, state, note, others
        case title, body
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .evacuation(let order):
            try container.encode(AlertKind.evacuation, forKey: .kind)
            try container.encode(order.level.rawValue, forKey: .level)
            try container.encode(order.level.name, forKey: .levelName)
            try container.encode(order.hazard, forKey: .hazard)
            try container.encode(order.districts, forKey: .districts)
            try container.encodeIfPresent(order.reason, forKey: .reason)
            try container.encode(order.shelters, forKey: .shelters)
            try container.encode(order.isLifted, forKey: .lifted)
        case .shelter(let notice):
            try container.encode(AlertKind.shelter, forKey: .kind)
            try container.encode(notice.shelter, forKey: .shelter)
            try container.encode(notice.name, forKey: .name)
            try container.encodeIfPresent(notice.address, forKey: .address)
            try container.encode(notice.state, forKey: .state)
            try container.encodeIfPresent(notice.note, forKey: .note)
            try container.encodeIfPresent(notice.others, forKey: .others)
        case .headquarters(let seat):
            try container.encode(AlertKind.headquarters, forKey: .kind)
            try container.encode(seat.name, forKey: .name)
            try container.encode(seat.state, forKey: .state)
            try container.encodeIfPresent(seat.note, forKey: .note)
        case .notice(let notice):
            try container.encode(AlertKind.notice, forKey: .kind)
            try container.encode(notice.title, forKey: .title)
            try container.encode(notice.body, forKey: .body)
        }
    }
}
