//! Giving up what only opening sockets needed: another user, a folder for a root.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use nix::unistd::{self, AccessFlags, Gid, Uid, User};

/// Who to become, and where to be confined.
#[derive(Clone, Debug)]
pub struct Confinement {
    name: String,
    user: Uid,
    group: Gid,
    root: Option<PathBuf>,
}

impl Confinement {
    /// Looks the user up and makes the folder, if it is not there, that is to be the root. `None` for who is not
    /// root, and has nothing to give up.
    ///
    /// # Errors
    /// If there is no such user, or the folder cannot be made or is one that the user could write to.
    pub fn prepare(user: &str, root: Option<&Path>) -> Result<Option<Confinement>, String> {
        if !unistd::geteuid().is_root() {
            return Ok(None);
        }
        let found = User::from_name(user).map_err(|e| format!("user {user}: {e}"))?;
        let found = found.ok_or_else(|| format!("user {user}: no such user; name another one by --user"))?;
        if let Some(root) = root {
            make(root).map_err(|e| format!("{}: {e}", root.display()))?;
        }
        Ok(Some(Confinement { name: user.into(), user: found.uid, group: found.gid, root: root.map(Path::to_owned) }))
    }

    /// Becomes the user: to be called before threads are started.
    pub fn enter(&self) -> Result<(), String> {
        if let Some(root) = &self.root {
            unistd::chroot(root).map_err(|e| format!("chroot to {}: {e}", root.display()))?;
            unistd::chdir("/").map_err(|e| format!("chroot to {}: {e}", root.display()))?;
        }
        if self.user.is_root() {
            return Ok(());
        }
        let name = &self.name;
        unistd::setgroups(&[self.group]).map_err(|e| format!("groups of user {name}: {e}"))?;
        unistd::setgid(self.group).map_err(|e| format!("group of user {name}: {e}"))?;
        unistd::setuid(self.user).map_err(|e| format!("user {name}: {e}"))
    }
}

/// A folder that belongs to root and that others may not write to.
fn make(root: &Path) -> io::Result<()> {
    match fs::metadata(root) {
        Ok(found) if found.is_dir() && found.uid() == 0 && found.mode() & 0o022 == 0 => Ok(()),
        Ok(_) => Err(io::Error::other("expected a folder that is root's and that nobody else may write to")),
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(root)?;
            fs::set_permissions(root, Permissions::from_mode(0o755))
        }
        Err(e) => Err(e),
    }
}

/// Whether whoever we are by now may make files in a folder.
pub fn may_write(folder: &Path) -> Result<(), String> {
    unistd::eaccess(folder, AccessFlags::W_OK | AccessFlags::X_OK).map_err(|e| {
        let name = unistd::geteuid();
        format!(
            "{}: user {name} may not make files there: {e}; change its owner, or name another --user",
            folder.display()
        )
    })
}
