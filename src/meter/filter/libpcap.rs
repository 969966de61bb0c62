//! libpcap's compiler, opened at run time.
//!
//! This is the one place of the filters with `unsafe` code. Its argument: the functions' types are those of
//! `pcap/pcap.h`, which have not changed since libpcap 0.9 and are part of its binary interface; the library is never
//! closed, so they stay where they are; a handle is closed and a program freed exactly once, by [`Handle`] and here; what
//! C strings and instructions point to is copied while the handle that owns them lives. Calls are made one at a time,
//! for the compiler of libpcap before 1.8 keeps its state in global variables.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_uint, c_void};
use std::ptr::NonNull;
use std::sync::{Mutex, OnceLock};

use libloading::Library;
use nix::libc::{FILE, fclose, fmemopen};

use super::super::source::MAX_FRAME;
use super::{Instruction, LinkType, MAX_INSTRUCTIONS};

/// What the library is called: by its soname, as Debian calls it, and as a system for developers may.
const NAMES: [&str; 3] = ["libpcap.so.1", "libpcap.so.0.8", "libpcap.so"];

/// `PCAP_NETMASK_UNKNOWN`: `ip broadcast` cannot be compiled without the netmask, all else can.
const NETMASK_UNKNOWN: u32 = 0xffff_ffff;

/// `PCAP_ERRBUF_SIZE`.
const ERROR: usize = 256;

/// `struct bpf_insn`.
#[repr(C)]
struct Insn {
    code: u16,
    jt: u8,
    jf: u8,
    k: u32,
}

/// `struct bpf_program`.
#[repr(C)]
struct Code {
    len: c_uint,
    insns: *mut Insn,
}

/// The functions that are used, for as long as the process lives.
struct Functions {
    open: unsafe extern "C" fn(*mut FILE, *mut c_char) -> *mut c_void,
    close: unsafe extern "C" fn(*mut c_void),
    compile: unsafe extern "C" fn(*mut c_void, *mut Code, *const c_char, c_int, u32) -> c_int,
    free: unsafe extern "C" fn(*mut Code),
    error: unsafe extern "C" fn(*mut c_void) -> *const c_char,
}

/// Opens the library once; says which package has it if there is none.
fn functions() -> Result<&'static Functions, String> {
    static FUNCTIONS: OnceLock<Result<Functions, String>> = OnceLock::new();
    FUNCTIONS.get_or_init(|| open(&NAMES)).as_ref().map_err(Clone::clone)
}

fn open(names: &[&str]) -> Result<Functions, String> {
    let mut first = None;
    for name in names {
        // SAFETY: libpcap's initialisers have no conditions.
        match unsafe { Library::new(name) } {
            // Never closed, so that the functions outlive every use of them.
            Ok(library) => return load(Box::leak(Box::new(library))).map_err(|e| format!("{name}: {e}")),
            Err(error) => first = first.or(Some(error)),
        }
    }
    let error = first.map(|e| format!(" ({e})")).unwrap_or_default();
    Err(format!(
        "compiling it needs libpcap: install package libpcap0.8 or libpcap0.8t64 (Debian, Ubuntu) or libpcap (Fedora, \
         Arch, Alpine){error}"
    ))
}

fn load(library: &'static Library) -> Result<Functions, libloading::Error> {
    // SAFETY: the types are those of pcap/pcap.h, see above.
    unsafe {
        Ok(Functions {
            open: *library.get(b"pcap_fopen_offline\0")?,
            close: *library.get(b"pcap_close\0")?,
            compile: *library.get(b"pcap_compile\0")?,
            free: *library.get(b"pcap_freecode\0")?,
            error: *library.get(b"pcap_geterr\0")?,
        })
    }
}

/// An open `pcap_t`.
struct Handle {
    pcap: NonNull<c_void>,
    functions: &'static Functions,
    /// The file that it reads.
    _file: Box<[u8; 24]>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: opened by pcap_fopen_offline, closed only here.
        unsafe { (self.functions.close)(self.pcap.as_ptr()) }
    }
}

impl Handle {
    /// Opens a capture file without frames: what `pcap_open_dead` opens would mean this machine's own captures, where
    /// systems number link types and, on loopback interfaces, address families differently.
    fn open(functions: &'static Functions, link: LinkType, snaplen: u32) -> Result<Handle, String> {
        let mut file = Box::new([0; 24]);
        let (version, snaplen) = (2_u32 | 4 << 16, snaplen.clamp(1, MAX_FRAME as u32));
        let version = if cfg!(target_endian = "big") { version.rotate_left(16) } else { version };
        let header = [0xa1b2_c3d4, version, 0, 0, snaplen, link.0.into()];
        let numbers = header.iter().flat_map(|number| number.to_ne_bytes());
        file.iter_mut().zip(numbers).for_each(|(octet, number)| *octet = number);
        // SAFETY: the buffer lives, at the same place, as long as the handle; "rb" does not write to it.
        let stream = unsafe { fmemopen(file.as_mut_ptr().cast(), file.len(), c"rb".as_ptr()) };
        if stream.is_null() {
            return Err(std::io::Error::last_os_error().to_string());
        }
        let mut error = [0 as c_char; ERROR];
        // SAFETY: the stream is open, and the error has the room that libpcap wants.
        let pcap = unsafe { (functions.open)(stream, error.as_mut_ptr()) };
        let Some(pcap) = NonNull::new(pcap) else {
            // SAFETY: without a handle the stream is still ours; the last octet is a NUL, whatever libpcap wrote.
            let text = unsafe {
                fclose(stream);
                error[ERROR - 1] = 0;
                CStr::from_ptr(error.as_ptr())
            };
            return Err(text.to_string_lossy().into_owned());
        };
        Ok(Handle { pcap, functions, _file: file })
    }

    fn error(&self) -> String {
        // SAFETY: the text is in the handle, which lives, and ends with a NUL.
        let text = unsafe {
            let text = (self.functions.error)(self.pcap.as_ptr());
            if text.is_null() { c"unknown error" } else { CStr::from_ptr(text) }
        };
        text.to_string_lossy().into_owned()
    }
}

/// The instructions of an expression. Fails with libpcap's words.
pub(super) fn compile(expression: &str, link: LinkType, snaplen: u32) -> Result<Vec<Instruction>, String> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let expression = CString::new(expression).map_err(|_| "it has a NUL octet in it".to_owned())?;
    let functions = functions()?;
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let handle = Handle::open(functions, link, snaplen)?;
    let mut code = Code { len: 0, insns: std::ptr::null_mut() };
    let optimise = 1;
    // SAFETY: handle, program and text live until it returns; the text ends with a NUL.
    let result = unsafe {
        (functions.compile)(handle.pcap.as_ptr(), &raw mut code, expression.as_ptr(), optimise, NETMASK_UNKNOWN)
    };
    if result != 0 {
        return Err(handle.error());
    }
    let len = usize::try_from(code.len).unwrap_or(usize::MAX);
    let instructions = if code.insns.is_null() || len > MAX_INSTRUCTIONS {
        Err(format!("it takes {len} instructions, at most {MAX_INSTRUCTIONS} are possible"))
    } else {
        // SAFETY: pcap_compile succeeded, so there are `len` instructions, which nothing changes until they are freed.
        let insns = unsafe { std::slice::from_raw_parts(code.insns, len) };
        Ok(insns.iter().map(|&Insn { code, jt, jf, k }| Instruction { code, jt, jf, k }).collect())
    };
    // SAFETY: the program was made by pcap_compile, and is freed only here.
    unsafe { (functions.free)(&raw mut code) };
    instructions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_names_the_package() {
        let error = open(&["libpcap.so.does-not-exist"]).err().unwrap();
        assert!(error.contains("libpcap0.8") && error.contains("does-not-exist"), "{error}");
    }
}
