import Glibc
package import SystemPackage

/// A new file that takes the place of another as a whole: a reader finds the old contents or the new ones, also after a crash.
package struct FileReplacement {
    private let path: FilePath
    private let draft: FilePath
    private let rights: Rights

    /// The mode of a new file.
    package enum Rights {
        /// This one, whatever the mask for new files is.
        case exactly(CInterop.Mode)
        /// This one, less the mask for new files.
        case masked(CInterop.Mode)
    }

    /// What was being done when it failed.
    package enum Step {
        /// Making the new file.
        case make
        /// Writing it.
        case write
        /// Making it durable.
        case synchronize
        /// Putting it in place.
        case rename
    }

    /// Why a file was not written.
    package struct Failure: Error {
        /// The part of the replacement that failed.
        package let step: Step
        /// The file that it was done to: the draft, or the file to be replaced.
        package let path: FilePath
        /// The errno of the call.
        package let code: Errno
    }

    /// A replacement of what is at `path`, if anything is.
    /// - Parameter draft: the name under which the file is written first, in the same directory. Nothing may have it.
    package init(of path: FilePath, draft: FilePath, rights: Rights) {
        self.path = path
        self.draft = draft
        self.rights = rights
    }

    /// Writes the new file durably, and puts it in place. What fails leaves the old file, and no draft. The new name is durable when the
    /// directory is (``OpenFile/synchronize(directory:)``).
    package func write(_ bytes: [UInt8]) throws(Failure) {
        try Self.create(draft, bytes, rights)
        let code = unsafe draft.withPlatformString { draft in
            unsafe path.withPlatformString { unsafe rename(draft, $0) == 0 ? 0 : errno }
        }
        guard code == 0 else {
            let code = Errno(rawValue: code)
            _ = unsafe draft.withPlatformString { unsafe unlink($0) }
            throw Failure(step: .rename, path: path, code: code)
        }
    }

    /// Writes a file durably where there was nothing, no link either. One that cannot be written wholly is removed again.
    package static func create(_ path: FilePath, _ bytes: [UInt8], _ rights: Rights) throws(Failure) {
        let mode: mode_t =
            switch rights {
            case .exactly: 0o600
            case .masked(let mode): mode
            }
        let file: OpenFile
        do throws(Errno) {
            file = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: mode)
        } catch {
            throw Failure(step: .make, path: path, code: error)
        }
        var step = Step.write
        do throws(Errno) {
            try file.write(bytes)
            if case .exactly(let mode) = rights, fchmod(file.descriptor, mode) != 0 {
                throw Errno(rawValue: errno)
            }
            step = .synchronize
            try file.synchronize()
            try file.close()
        } catch {
            _ = unsafe path.withPlatformString { unsafe unlink($0) }
            throw Failure(step: step, path: path, code: error)
        }
    }
}
