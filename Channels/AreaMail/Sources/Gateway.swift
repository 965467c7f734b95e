import ChannelKit

/// The way to one far end for one attempt: puts a slot on the air, or takes it off.
protocol Gateway: Sendable {
    /// What a yes of this far end means, for the receipt.
    var meaning: String { get }

    /// Afterwards the slot's broadcast is on the air and nothing older stands under its identifier. `note` hears of
    /// every step that changes what may be on the air, before or right after it happens.
    func put(
        _ slot: Slot, _ order: Order, note: @Sendable (Slot.Change) -> Void
    ) async throws(DeliveryFailure)

    /// Afterwards nothing of ours stands under the slot's identifier. Not being there is success.
    func remove(_ slot: Slot) async throws(DeliveryFailure)
}
