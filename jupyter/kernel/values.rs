mod evcxr_values {
    //! Added to a cell's code: how evcxr shows the value of a cell of a plain type. It compiles a cell whose value has
    //! no `evcxr_display` a second time. Only for types that nobody is likely to show in another way: where two traits
    //! have the method, evcxr uses neither.
    use std::fmt::Debug;

    pub trait Plain: Debug {
        fn evcxr_display(&self) {
            let text = std::format!("{self:?}");
            std::print!("EVCXR_BEGIN_CONTENT text/plain\n{text}\nEVCXR_END_CONTENT\n");
        }
    }

    impl Plain for () {}
    impl Plain for bool {}
    impl Plain for char {}
    impl Plain for str {}
    impl Plain for String {}
    impl Plain for f32 {}
    impl Plain for f64 {}
    impl Plain for i8 {}
    impl Plain for i16 {}
    impl Plain for i32 {}
    impl Plain for i64 {}
    impl Plain for i128 {}
    impl Plain for isize {}
    impl Plain for u8 {}
    impl Plain for u16 {}
    impl Plain for u32 {}
    impl Plain for u64 {}
    impl Plain for u128 {}
    impl Plain for usize {}
    impl<T: Plain + ?Sized> Plain for &T {}
}
use evcxr_values::Plain as _;
