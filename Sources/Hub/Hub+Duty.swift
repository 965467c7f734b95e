internal import Ledger

/// Of several hubs over one record one is on duty.
extension Hub {
    /// Why nothing is taken here just now, for people; nil where this hub acts.
    package var offDuty: String? {
        switch ledger.duty.word() {
        case .on, .urgent: nil
        case .off: "このハブは、いま当番かどうかを確かめています。すぐにもう一度お願いします (this hub was stopped, and finds out whether it is still on duty)"
        case .taken: "別のハブが当番になりました。このハブは控えに回ります (another hub is on duty; this one stands by)"
        }
    }
}
