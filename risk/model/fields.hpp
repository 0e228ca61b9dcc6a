// One description of a struct's fields, from which its JSON is written and read and its content is hashed.
#pragma once

#include <initializer_list>
#include <string_view>
#include <tuple>
#include <type_traits>

namespace margind::model {

template <class T, class M>
struct Field {
    const char* name;
    M T::*member;
};

template <class T, class M>
constexpr Field<T, M> field(const char* name, M T::*member) {
    return {name, member};
}

/// A struct is described by `constexpr auto describe(const T*)` beside it, returning a tuple of field(...): every member,
/// in the order of declaration. Found by argument-dependent lookup.
template <class T>
concept Described = requires { describe(static_cast<const T*>(nullptr)); };

/// Calls `visit(name, member pointer)` for each field.
template <Described T, class F>
constexpr void for_each_field(F&& visit) {
    std::apply([&visit](const auto&... fields) { (visit(fields.name, fields.member), ...); }, describe(static_cast<const T*>(nullptr)));
}

/// Of documents and content hashes that are written.
inline constexpr int fields_version = 4;

/// The version that brought a field: `constexpr int since(const T*, std::string_view name)` beside describe() gives it where fields
/// came later. A document that lacks the field is of an older version, and its hash covers what that version had.
template <class T>
constexpr int field_since(std::string_view name) {
    if constexpr (requires { since(static_cast<const T*>(nullptr), name); }) return since(static_cast<const T*>(nullptr), name);
    else return 0;
}

/// For since() of a struct with many fields that came later.
constexpr bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
    for (const std::string_view one : names)
        if (one == name) return true;
    return false;
}

}  // namespace margind::model
