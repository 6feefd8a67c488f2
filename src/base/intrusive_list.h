#pragma once

// IntrusiveList: a doubly linked list whose links live inside the elements, so that putting in,
// taking out and moving to an end cost a few stores and never allocate. It owns nothing: an element
// is in the list from PushBack() to Erase(), and taking it out before it dies is its owner's duty,
// which the link checks.
//
//   struct Connection : base::IntrusiveLink<> {};
//   base::IntrusiveList<Connection> idle;
//
// An element that is in two lists at once has two links, told apart by a tag:
//
//   struct WriteQueue;
//   struct Connection : base::IntrusiveLink<>, base::IntrusiveLink<WriteQueue> {};
//   base::IntrusiveList<Connection, WriteQueue> writers;
//
// What always holds: the links form a ring through the list's own link; an element that is in no
// list has null links. One thread at a time.

#include "base/check.h"

namespace corelane::base {

template <typename T, typename Tag>
class IntrusiveList;

// Base class of an element. A linked element neither moves, nor is copied, nor dies: its neighbours
// point at it.
template <typename Tag = void>
class IntrusiveLink {
 public:
  IntrusiveLink() = default;
  IntrusiveLink(const IntrusiveLink& other) { CHECK(!other.linked()); }
  // Assigns nothing. NOLINTNEXTLINE(bugprone-unhandled-self-assignment)
  IntrusiveLink& operator=(const IntrusiveLink& other) {
    CHECK(!linked() && !other.linked());
    return *this;
  }
  ~IntrusiveLink() { CHECK(!linked()); }

  [[nodiscard]] bool linked() const { return next_ != nullptr; }

 private:
  template <typename, typename>
  friend class IntrusiveList;

  void InsertBefore(IntrusiveLink& next) {
    CHECK(!linked());
    next_ = &next;
    previous_ = next.previous_;
    previous_->next_ = this;
    next.previous_ = this;
  }
  void Unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    next_ = previous_ = nullptr;
  }

  IntrusiveLink* next_ = nullptr;
  IntrusiveLink* previous_ = nullptr;
};

template <typename T, typename Tag = void>
class IntrusiveList {
 public:
  using Link = IntrusiveLink<Tag>;

  IntrusiveList() { head_.next_ = head_.previous_ = &head_; }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    Clear();
    head_.next_ = head_.previous_ = nullptr;
  }

  [[nodiscard]] bool empty() const { return head_.next_ == &head_; }
  // Null when the list is empty.
  [[nodiscard]] T* Front() { return ElementOf(head_.next_); }
  [[nodiscard]] T* Back() { return ElementOf(head_.previous_); }
  // The element behind one of this list; null behind the last. To erase while walking, ask for the
  // next one first.
  [[nodiscard]] T* Next(T& element) { return ElementOf(LinkOf(element).next_); }

  // The element is in no list that uses the same link.
  void PushBack(T& element) { LinkOf(element).InsertBefore(head_); }
  void PushFront(T& element) { LinkOf(element).InsertBefore(*head_.next_); }

  // The element is in this list.
  void Erase(T& element) {
    CHECK(LinkOf(element).linked());
    LinkOf(element).Unlink();
  }
  void MoveToBack(T& element) {
    Erase(element);
    PushBack(element);
  }
  // Takes the first element out and returns it; null when there is none.
  T* PopFront() {
    T* const first = Front();
    if (first != nullptr) Erase(*first);
    return first;
  }
  void Clear() {
    while (PopFront() != nullptr) {
    }
  }

  // Moves all elements of `other` to the end of this list, in order. What a loop over a list that
  // may grow meanwhile starts with.
  void TakeAll(IntrusiveList& other) {
    if (other.empty() || &other == this) return;
    Link* const first = other.head_.next_;
    Link* const last = other.head_.previous_;
    other.head_.next_ = other.head_.previous_ = &other.head_;
    first->previous_ = head_.previous_;
    head_.previous_->next_ = first;
    last->next_ = &head_;
    head_.previous_ = last;
  }

 private:
  static Link& LinkOf(T& element) { return element; }
  T* ElementOf(Link* link) { return link == &head_ ? nullptr : static_cast<T*>(link); }

  Link head_;  // linked() to itself, in a ring with the elements.
};

}  // namespace corelane::base
