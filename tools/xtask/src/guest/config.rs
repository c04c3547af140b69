//! Configuration fragments in Kconfig's form: one option a line, `NAME=value` or `# NAME is not set`.

/// An option and its value; `None` if it is off.
type Setting<'a> = (&'a str, Option<&'a str>);

/// Lines of `wanted` that `made`, a whole configuration, does not fulfil: an option that is on with another value or
/// not at all, or one that should be off and is on.
pub(super) fn dropped<'a>(wanted: &'a str, made: &str) -> Vec<&'a str> {
    let made: std::collections::BTreeMap<_, _> = made.lines().filter_map(setting).collect();
    let unfulfilled = wanted
        .lines()
        .filter(|line| setting(line).is_some_and(|(name, value)| made.get(name).copied().flatten() != value));
    unfulfilled.collect()
}

/// `made` with the options of `wanted` as `wanted` has them.
pub(super) fn replaced(made: &str, wanted: &str) -> String {
    let names: Vec<_> = wanted.lines().filter_map(setting).map(|(name, _)| name).collect();
    let kept = made.lines().filter(|line| setting(line).is_none_or(|(name, _)| !names.contains(&name)));
    kept.chain(wanted.lines()).flat_map(|line| [line, "\n"]).collect()
}

fn setting(line: &str) -> Option<Setting<'_>> {
    if let Some(name) = line.strip_prefix("# ").and_then(|rest| rest.strip_suffix(" is not set")) {
        return name.starts_with("CONFIG_").then_some((name, None));
    }
    let (name, value) = line.split_once('=')?;
    name.starts_with("CONFIG_").then_some((name, Some(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_are_missing_or_different_are_dropped() {
        let made = "CONFIG_A=y\nCONFIG_B=0x100\n# CONFIG_C is not set\nCONFIG_D=y\n";
        let wanted =
            "# a remark\nCONFIG_A=y\nCONFIG_B=0x200\nCONFIG_C=y\n# CONFIG_D is not set\nCONFIG_E=y\n";
        assert_eq!(
            dropped(wanted, made),
            ["CONFIG_B=0x200", "CONFIG_C=y", "# CONFIG_D is not set", "CONFIG_E=y"]
        );
    }

    #[test]
    fn option_that_does_not_exist_is_off() {
        assert!(dropped("# CONFIG_X is not set\n", "CONFIG_A=y\n").is_empty());
    }

    #[test]
    fn replaced_options_stand_once_and_others_stay() {
        let made = "CONFIG_A=y\nCONFIG_AB=y\n# CONFIG_C is not set\n";
        assert_eq!(
            replaced(made, "# CONFIG_A is not set\nCONFIG_C=y\n"),
            "CONFIG_AB=y\n# CONFIG_A is not set\nCONFIG_C=y\n"
        );
    }
}
