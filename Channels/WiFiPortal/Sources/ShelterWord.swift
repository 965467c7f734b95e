import AlertModel
import ChannelKit

extension ShelterNotice.State {
    var word: ScreenWords.Word {
        switch self {
        case .open: .open
        case .full: .full
        case .closed: .closed
        }
    }
}
