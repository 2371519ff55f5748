/** The interface of every item and of the root of a service. */
export const BUS_ITEM = 'com.victronenergy.BusItem';
