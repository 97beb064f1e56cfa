"""What bytes are called: names, records, file trees and bundles. Pure."""
