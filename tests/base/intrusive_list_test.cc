#include "base/intrusive_list.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <list>
#include <utility>
#include <vector>

#include "base/random.h"

namespace corelane::base {
namespace {

struct Urgent;

struct Item : IntrusiveLink<>, IntrusiveLink<Urgent> {
  explicit Item(int n) : number(n) {}
  int number;
};

using List = IntrusiveList<Item>;

template <typename AnyList>
std::vector<int> NumbersIn(AnyList& list) {
  std::vector<int> numbers;
  for (Item* item = list.Front(); item != nullptr; item = list.Next(*item)) {
    numbers.push_back(item->number);
  }
  return numbers;
}

TEST(IntrusiveListTest, KeepsOrder) {
  Item one(1), two(2), three(3);
  List list;
  EXPECT_TRUE(list.empty());
  EXPECT_EQ(list.Front(), nullptr);
  EXPECT_EQ(list.Back(), nullptr);
  EXPECT_EQ(list.PopFront(), nullptr);
  list.PushBack(two);
  list.PushBack(three);
  list.PushFront(one);
  EXPECT_EQ(NumbersIn(list), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(list.Back(), &three);
  list.MoveToBack(one);
  EXPECT_EQ(NumbersIn(list), (std::vector<int>{2, 3, 1}));
  list.Erase(three);
  EXPECT_EQ(NumbersIn(list), (std::vector<int>{2, 1}));
  EXPECT_EQ(list.PopFront(), &two);
  EXPECT_EQ(list.PopFront(), &one);
  EXPECT_TRUE(list.empty());
}

TEST(IntrusiveListTest, AnElementMayBeInTwoListsByTag) {
  Item item(1);
  List all;
  IntrusiveList<Item, Urgent> urgent;
  all.PushBack(item);
  urgent.PushBack(item);
  all.Erase(item);
  EXPECT_TRUE(all.empty());
  EXPECT_EQ(urgent.PopFront(), &item);
}

TEST(IntrusiveListTest, TheListLetsGoWhenItDies) {
  Item item(1);
  {
    List list;
    list.PushBack(item);
    EXPECT_TRUE(static_cast<IntrusiveLink<>&>(item).linked());
  }
  EXPECT_FALSE(static_cast<IntrusiveLink<>&>(item).linked());
  List other;
  other.PushBack(item);
  other.Clear();
}

TEST(IntrusiveListTest, TakeAllMovesEverythingToTheEnd) {
  Item one(1), two(2), three(3);
  List target;
  List source;
  target.TakeAll(source);
  EXPECT_TRUE(target.empty());
  source.PushBack(two);
  source.PushBack(three);
  target.PushBack(one);
  target.TakeAll(source);
  EXPECT_TRUE(source.empty());
  EXPECT_EQ(NumbersIn(target), (std::vector<int>{1, 2, 3}));
  target.TakeAll(target);
  EXPECT_EQ(NumbersIn(target), (std::vector<int>{1, 2, 3}));
  source.TakeAll(target);
  EXPECT_EQ(NumbersIn(source), (std::vector<int>{1, 2, 3}));
  EXPECT_EQ(source.Back(), &three);
}

TEST(IntrusiveListTest, UnlinkedElementsMayMove) {
  std::vector<Item> items;
  for (int i = 0; i < 100; ++i) items.emplace_back(i);
  std::swap(items[3], items[50]);
  EXPECT_EQ(items[3].number, 50);
}

TEST(IntrusiveListDeathTest, MisuseOfALinkedElementIsABug) {
  List list;
  List other;
  EXPECT_DEATH(
      {
        Item item(1);
        list.PushBack(item);
        Item copy(item);
      },
      "CHECK failed");
  EXPECT_DEATH(
      {
        Item item(1);
        list.PushBack(item);
        item = Item(2);
      },
      "CHECK failed");
  EXPECT_DEATH(
      {
        Item item(1);
        list.PushBack(item);
        other.PushBack(item);
      },
      "CHECK failed");
  EXPECT_DEATH(
      {
        Item item(1);
        list.PushBack(item);
      },
      "CHECK failed");
  EXPECT_DEATH(
      {
        Item item(1);
        list.Erase(item);
      },
      "CHECK failed");
}

// Two lists against two std::lists, with random operations.
TEST(IntrusiveListTest, AgreesWithAModel) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Random random(seed);
    std::deque<Item> items;
    for (int i = 0; i < 20; ++i) items.emplace_back(i);
    List lists[2];
    std::list<int> models[2];
    for (int step = 0; step < 5000; ++step) {
      const size_t which = random.Uniform(2);
      const int number = static_cast<int>(random.Uniform(items.size()));
      Item& item = items[static_cast<size_t>(number)];
      const bool linked = static_cast<IntrusiveLink<>&>(item).linked();
      if (!linked && random.OneIn(2)) {
        lists[which].PushBack(item);
        models[which].push_back(number);
      } else if (!linked) {
        lists[which].PushFront(item);
        models[which].push_front(number);
      } else if (random.OneIn(20)) {
        lists[which].TakeAll(lists[1 - which]);
        models[which].splice(models[which].end(), models[1 - which]);
      } else {
        const size_t home = std::count(models[0].begin(), models[0].end(), number) != 0 ? 0 : 1;
        models[home].remove(number);
        if (random.OneIn(3)) {
          lists[home].MoveToBack(item);
          models[home].push_back(number);
        } else {
          lists[home].Erase(item);
        }
      }
      for (size_t i = 0; i < 2; ++i) {
        ASSERT_EQ(NumbersIn(lists[i]), std::vector<int>(models[i].begin(), models[i].end()));
      }
    }
  }
}

}  // namespace
}  // namespace corelane::base
