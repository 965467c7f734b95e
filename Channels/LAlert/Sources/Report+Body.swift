import AlertModel
import ChannelKit
import FoundationEssentials

// The bodies, by category (README, "What is sent").

extension Report {
    var body: XMLElement {
        if document.category == .urgentMail { return mail }
        switch statement.subject {
        case .evacuation(let order): return evacuation(order)
        case .shelters(let shelters): return shelter(shelters)
        case .headquarters(let seat): return headquarters(seat)
        case .notice: return notice
        }
    }

    private func disaster(_ name: String?) -> XMLElement? {
        guard let name = settings.disaster ?? name, !name.isEmpty else { return nil }
        return XMLElement("pcx_eb:Disaster", [XMLElement("pcx_eb:DisasterName", name)])
    }

    /// One Detail per order in force and per order lifted. Households and heads are not known to the hub.
    private func evacuation(_ order: EvacuationOrder) -> XMLElement {
        var groups: [[Line]] = []
        for line in document.lines {
            // A group is begun with a line in it.
            if let index = groups.firstIndex(where: { $0[0].word == line.word && $0[0].isLifted == line.isLifted }) {
                groups[index].append(line)
            } else {
                groups.append([line])
            }
        }
        return XMLElement("body:EvacuationOrder", [
            disaster(order.hazard), XMLElement("body:ComplementaryInfo", statement.text.body),
        ] + groups.map { lines in
            XMLElement("body:Detail", [
                // A group is begun with a line in it.
                XMLElement("body:Sort", lines[0].word),
                // A group is begun with a line in it.
                XMLElement("body:IssueOrLift", lines[0].isLifted ? "解除" : "発令"),
                XMLElement("body:Areas", lines.map(area)),
            ])
        })
    }

    private func area(_ line: Line) -> XMLElement {
        XMLElement("body:Area", [
            XMLElement("pcx_eb:Location", [XMLElement("commons:areaName", line.id)]),
            line.since.map { XMLElement("body:DateTime", time($0)) },
        ])
    }

    /// Every shelter of the town, each time.
    private func shelter(_ shelters: [ShelterStatus]) -> XMLElement {
        let open = shelters.count { $0.sortWord == ShelterStatus.openWord }
        return XMLElement("body:Shelter", [
            disaster(nil),
            XMLElement("body:ComplementaryInfo", statement.text.body),
            XMLElement("body:TotalNumberOfShelter", String(open)),
            XMLElement("body:Informations", shelters.map(information)),
        ])
    }

    private func information(_ status: ShelterStatus) -> XMLElement {
        let shelter = status.shelter
        let wasMoved = status.state != nil
        return XMLElement("body:Information", [
            XMLElement("body:Location", [
                shelter.place.map { XMLElement("edxlde:circle", "\($0.latitude),\($0.longitude),0") },
                XMLElement("commons:areaName", shelter.name),
                shelter.address.map { XMLElement("pcx_eb:Address", $0) },
            ]),
            XMLElement("body:Type", "避難所"),
            XMLElement("body:Sort", status.sortWord),
            wasMoved ? status.since.map { XMLElement("body:DateTime", time(Date(timeIntervalSince1970: $0))) } : nil,
            shelter.capacity.flatMap { $0 > 0 ? XMLElement("body:Capacity", String($0)) : nil },
            XMLElement("body:Status", status.crowdWord),
        ])
    }

    private func headquarters(_ seat: Headquarters) -> XMLElement {
        XMLElement("body:AntidisasterHeadquarter", [
            disaster(nil), XMLElement("body:Type", seat.typeWord), XMLElement("body:Status", seat.statusWord),
            XMLElement("body:Name", seat.name),
            document.lines.first?.since.map { XMLElement("body:DateTime", time($0)) },
            XMLElement("body:ComplementaryInfo", statement.text.body),
        ])
    }

    private var notice: XMLElement {
        XMLElement("body:GeneralInformation", [
            XMLElement("body:DisasterInformationType", settings.noticeType),
            disaster(nil),
            XMLElement("body:Category", settings.noticeCategory.main),
            settings.noticeCategory.sub.map { XMLElement("body:SubCategory", $0) },
            XMLElement("body:Title", statement.text.title),
            XMLElement("body:Description", statement.text.body),
        ])
    }

    private var mail: XMLElement {
        XMLElement("body:UrgentMail", [
            XMLElement("body:Information", [
                XMLElement("body:Title", statement.text.title), XMLElement("body:Message", statement.text.body),
            ]),
        ])
    }
}
