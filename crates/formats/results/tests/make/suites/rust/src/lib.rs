//! One test for each way a test can end.

#[cfg(test)]
mod tests {
    #[test]
    fn passes() {}

    #[test]
    fn fails() {
        println!("before the failure");
        assert_eq!(1, 2, "one is not two");
    }

    #[test]
    #[ignore = "needs a board"]
    fn is_ignored() {}

    #[test]
    #[should_panic(expected = "at the disco")]
    fn panics_as_it_should() {
        panic!("at the disco");
    }

    #[test]
    #[should_panic]
    fn does_not_panic_though_it_should() {}
}
