//! What the machine has.

/// Half of the memory that is free, as far as that is known; 1 GiB otherwise.
pub fn sound_memory() -> usize {
    let text = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let of_machine = text("/proc/meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:")?.trim().strip_suffix("kB")?.trim().parse::<usize>().ok())
        .map(|kibibytes| kibibytes.saturating_mul(1024));
    // Both versions of control groups; where there is no limit, no number is found, or one that is beyond all memory.
    let groups = ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
    let of_groups = groups.into_iter().filter_map(|file| text(file).trim().parse::<usize>().ok());
    of_machine.into_iter().chain(of_groups).min().map_or(1 << 30, |free| free / 2)
}
