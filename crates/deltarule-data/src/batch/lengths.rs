//! The lengths that an Arrow file states, held against what is there: Arrow's own readers ask the system for as much memory as a length says.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use arrow_ipc::reader::read_footer_length;
use arrow_ipc::{Message, MessageHeader, root_as_footer, root_as_message};
use arrow_schema::ArrowError;

/// No codec makes more bytes of one: in zstd a block of 4 bytes becomes 128 KiB at most, in LZ4 a byte becomes 255.
const MOST_OF_A_BYTE: i64 = 32 * 1024;
/// What comes behind a footer: its length and the mark of the format.
const TAIL: u64 = 10;
/// What messages begin with, but for those of old files, which begin with their length.
const CONTINUATION: [u8; 4] = [0xFF; 4];

/// Checks the lengths in a file in Arrow's file format.
///
/// Errors: one of them cannot be, or says more than is there.
pub(super) fn check_file(file: &File) -> Result<(), ArrowError> {
    let parts = Parts::of(file)?;
    let tail = parts.size.saturating_sub(TAIL);
    let length = read_footer_length(parts.array(tail)?)? as u64;
    let footer = parts.read(tail.saturating_sub(length), length as i64)?;
    let footer = root_as_footer(&footer).map_err(|error| wrong(error.to_string()))?;
    let blocks = [footer.dictionaries(), footer.recordBatches()];
    for block in blocks.iter().flatten().flat_map(|blocks| blocks.iter()) {
        let at = u64::try_from(block.offset()).map_err(|error| wrong(error.to_string()))?;
        let begin = parts.read(at, block.metaDataLength().into())?;
        let prefix = if begin.starts_with(&CONTINUATION) { 8 } else { 4 };
        let message = message(begin.get(prefix..).unwrap_or_default())?;
        let body = at + begin.len() as u64;
        parts.end(body, block.bodyLength())?;
        parts.check_buffers(&message, body)?;
    }
    Ok(())
}

/// The same of a file in Arrow's stream format.
///
/// Errors: those of [`check_file`].
pub(super) fn check_stream(file: &File) -> Result<(), ArrowError> {
    let parts = Parts::of(file)?;
    let mut at = 0;
    // The end of the file ends a stream as well as a length of 0.
    while parts.end(at, 4).is_ok() {
        let mut prefix: [u8; 4] = parts.array(at)?;
        at += 4;
        if prefix == CONTINUATION {
            prefix = parts.array(at)?;
            at += 4;
        }
        let length = i32::from_le_bytes(prefix).into();
        if length == 0 {
            break;
        }
        let metadata = parts.read(at, length)?;
        let message = message(&metadata)?;
        at += metadata.len() as u64;
        let end = parts.end(at, message.bodyLength())?;
        parts.check_buffers(&message, at)?;
        at = end;
    }
    Ok(())
}

fn wrong(what: String) -> ArrowError {
    ArrowError::IpcError(what)
}

fn message(bytes: &[u8]) -> Result<Message<'_>, ArrowError> {
    root_as_message(bytes).map_err(|error| wrong(error.to_string()))
}

/// The parts of a file.
struct Parts<'f> {
    file: &'f File,
    size: u64,
}

impl<'f> Parts<'f> {
    fn of(file: &'f File) -> Result<Self, ArrowError> {
        Ok(Self { file, size: file.metadata()?.len() })
    }

    /// Where a part of so many bytes ends. Errors: it is not there.
    fn end(&self, at: u64, length: i64) -> Result<u64, ArrowError> {
        let end = u64::try_from(length).ok().and_then(|length| at.checked_add(length));
        let there = || wrong(format!("{length} bytes from byte {at} on, in a file of {}", self.size));
        end.filter(|end| *end <= self.size).ok_or_else(there)
    }

    /// Errors: the part is not there, or cannot be read.
    fn read(&self, at: u64, length: i64) -> Result<Vec<u8>, ArrowError> {
        let mut bytes = vec![0; (self.end(at, length)? - at) as usize];
        self.read_into(at, &mut bytes)?;
        Ok(bytes)
    }

    /// Errors: those of [`read`](Self::read).
    fn array<const N: usize>(&self, at: u64) -> Result<[u8; N], ArrowError> {
        let mut bytes = [0; N];
        self.end(at, N as i64)?;
        self.read_into(at, &mut bytes)?;
        Ok(bytes)
    }

    fn read_into(&self, at: u64, bytes: &mut [u8]) -> Result<(), ArrowError> {
        let mut file = self.file;
        file.seek(SeekFrom::Start(at))?;
        Ok(file.read_exact(bytes)?)
    }

    /// Checks what the compressed buffers of a message, whose body begins there, state that they become.
    ///
    /// Errors: it cannot be, or there is no memory for it.
    fn check_buffers(&self, message: &Message<'_>, body: u64) -> Result<(), ArrowError> {
        let batch = match message.header_type() {
            MessageHeader::RecordBatch => message.header_as_record_batch(),
            MessageHeader::DictionaryBatch => message.header_as_dictionary_batch().and_then(|batch| batch.data()),
            _ => None,
        };
        let compressed = batch.filter(|batch| batch.compression().is_some());
        for buffer in compressed.and_then(|batch| batch.buffers()).into_iter().flatten() {
            let (Some(at), length @ 8..) = (body.checked_add_signed(buffer.offset()), buffer.length()) else {
                continue;
            };
            let stated = i64::from_le_bytes(self.array(at)?);
            let can_be = stated <= length.saturating_mul(MOST_OF_A_BYTE);
            if !can_be || Vec::<u8>::new().try_reserve_exact(stated.max(0) as usize).is_err() {
                return Err(wrong(format!("a buffer of {length} bytes that is to become one of {stated}")));
            }
        }
        Ok(())
    }
}
